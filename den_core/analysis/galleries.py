"""What analyses share about galleries: structure keys as arrays of levels, and structures that were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from den_core.errors import DataError

if TYPE_CHECKING:
    from den_core.gallery import Gallery


def require_tried(gallery: Gallery) -> None:
    """Raise DataError unless every image was run through some structures beside its own."""
    if not gallery.tried:
        raise DataError(
            "expected structures that every image was run through, found none; write the gallery again with "
            "`python -m den_core index`"
        )
