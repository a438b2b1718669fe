"""What analyses share about galleries: structure keys as arrays of levels, and structures that were tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from den_core.errors import DataError, StructureError

if TYPE_CHECKING:
    from den_core.gallery import Gallery


def require_tried(gallery: Gallery) -> None:
    """Raise DataError unless every image was run through some structures beside its own."""
    if not gallery.tried:
        raise DataError(
            "expected structures that every image was run through, found none; write the gallery again with "
            "`python -m den_core index`"
        )


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
