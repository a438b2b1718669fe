"""What every kind of data set looks like once it is open."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from den_core.data.images import decode_image
from den_core.errors import DataError, ImageError

SPLIT_NAMES = {"train": ("train",), "test": ("test", "val", "validation")}
"Names under which a split may lie on disk; the first one found is used."


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """One split of a labelled image set. Images stay as they are stored until they are asked for.

    Labels are int64, (N,), indices into `class_names`. `groups`, int64, (N,), marks images that must stay on
    one side of a validation split: drawings of the same thing, members of one series; elsewhere each row is a
    group of its own.

    Raises:
        DataError: a label outside the classes; the message says where its image is.
    """

    name: str
    "As given to `open_source`, such as open:emoji."
    split: str
    labels: np.ndarray
    class_names: tuple[str, ...]
    ids: list[str]
    "Names of the images, as stored in the set."
    groups: np.ndarray
    location: str
    "Where the images are, for people."
    read: Callable[[int], bytes | np.ndarray] = field(repr=False)
    "Row to encoded image; or to its pixels, uint8, (H, W) or (H, W, 3), in sets that hold arrays."
    digest: Callable[[], str] = field(repr=False)
    "Computes `fingerprint`."
    license: str = ""
    "As the set states it; empty where it says nothing."
    place: Callable[[int], str] | None = field(default=None, repr=False)
    "Row to where exactly its image is, for people; None where `location` and the row say it."

    def __post_init__(self) -> None:
        wrong = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.class_names)))
        if len(wrong):
            raise DataError(
                f"{self.where(int(wrong[0]))}: expected a label from 0 to {len(self.class_names) - 1}, "
                f"found {self.labels[wrong[0]]}; leave out images without a label"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the split consists of, in hexadecimal. Read from disk at the first use."""
        return self.digest()

    def encoded(self, i: int) -> bytes:
        """Image i as it is stored (PNG, JPEG, WebP, ...); as PNG where the set holds arrays."""
        stored = self.read(i)
        if isinstance(stored, bytes):
            return stored
        out = io.BytesIO()
        Image.fromarray(stored).save(out, "PNG")
        return out.getvalue()

    def image(self, i: int) -> Image.Image:
        """Image i, decoded.

        Raises:
            ImageError: it cannot be decoded; the message says where it is.
        """
        try:
            return decode_image(self.read(i))
        except ImageError as error:
            raise ImageError(f"{self.where(i)}: {error}") from error

    def where(self, i: int) -> str:
        """Where image i is, for people: a path, and the row of a table."""
        return self.place(i) if self.place else f"{self.location}, row {i} ({self.ids[i]})"


def number_groups(keys: list[str]) -> np.ndarray:
    """Equal keys get equal numbers: int64, (N,)."""
    return np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
