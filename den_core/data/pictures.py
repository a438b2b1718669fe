"""The picture behind a row of a gallery: galleries store references, the data set holds the image."""

from __future__ import annotations

import io

from PIL import Image

from den_core.data.images import decode_image
from den_core.data.sources import ImageSource


def picture(source: ImageSource, row: int, side: int = 96) -> bytes:
    """Row `row` of a data set as a small WebP of at most `side` pixels along its longer side, never enlarged.

    Raises:
        ImageError: the row's bytes are no image.
    """
    image = decode_image(source.encoded(row))
    image.thumbnail((side, side))
    return _encoded(image, "WEBP", quality=85)


def thumbnail(image: Image.Image, side: int) -> bytes:
    """A picture as a PNG of at most `side` pixels along its longer side, never enlarged."""
    image = image.copy()
    image.thumbnail((side, side))
    return _encoded(image, "PNG")


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()
