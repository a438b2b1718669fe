"""The model distributions and the chosen levels of a gallery, as arrays.

A gallery is the frame that `den_core.gallery.read_gallery` returns: one row per image of a test split.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from den_core.errors import DataError, StructureError


def gallery_distribution(gallery: pd.DataFrame) -> np.ndarray:
    """The model distributions of a gallery's images: float32 (N, n, h), a view, not to be written to.

    Raises:
        DataError: the array does not have one row per image and one number per block and level.
    """
    flat = gallery.attrs["distribution"]
    n, h = gallery.attrs["num_blocks"], gallery.attrs["num_levels"]
    if flat.shape != (len(gallery), n * h):
        raise DataError(
            f"expected model distributions of shape ({len(gallery)}, {n}·{h}), found {flat.shape}; write "
            "the gallery again with `python -m den_core index CHECKPOINT`"
        )
    return flat.reshape(len(gallery), n, h)


def gallery_levels(structures: Iterable[str], num_blocks: int) -> np.ndarray:
    """The levels that structure keys stand for.

    Args:
        structures: keys such as "330120", one digit per block.
        num_blocks: digits that every key must have.

    Returns:
        uint8, (N, num_blocks).

    Raises:
        StructureError: a key of another length, or with a character that is no digit.
    """
    keys = list(structures)
    for key in keys:
        if len(key) != num_blocks or not (key.isascii() and key.isdigit()):
            raise StructureError(f"expected {num_blocks} digits, one level per block, found {key!r}")
    text = np.frombuffer("".join(keys).encode("ascii"), dtype=np.uint8)
    return (text - ord("0")).reshape(len(keys), num_blocks)
