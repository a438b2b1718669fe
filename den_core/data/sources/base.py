"""What every kind of data set looks like once it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from den_core.data.images import decode_image
from den_core.errors import ImageError

SPLIT_NAMES = {"train": ("train",), "test": ("test", "val", "validation")}
"Names under which a split may lie on disk; the first one found is used."


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """One split of a labelled image set. Images stay encoded until they are asked for.

    Labels are int64, (N,), indices into `class_names`. `groups`, int64, (N,), marks images that must stay on
    one side of a validation split: drawings of the same thing, members of one series; elsewhere each row is a
    group of its own.
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
    read: Callable[[int], bytes] = field(repr=False)
    "Row to encoded image."
    digest: Callable[[], str] = field(repr=False)
    "Computes `fingerprint`."
    license: str = ""
    "As the set states it; empty where it says nothing."

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the split consists of, in hexadecimal. Read from disk at the first use."""
        return self.digest()

    def encoded(self, i: int) -> bytes:
        """Image i as it is stored (PNG, JPEG, WebP, ...)."""
        return self.read(i)

    def image(self, i: int) -> Image.Image:
        """Image i, decoded.

        Raises:
            ImageError: it cannot be decoded; the message names the row and where it is.
        """
        try:
            return decode_image(self.read(i))
        except ImageError as error:
            raise ImageError(f"{self.location}, row {i} ({self.ids[i]}): {error}") from error


def number_groups(keys: list[str]) -> np.ndarray:
    """Equal keys get equal numbers: int64, (N,)."""
    return np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
