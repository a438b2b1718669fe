"""The picture behind a row of a gallery: galleries store references, the data set holds the image."""

from __future__ import annotations

import io

import pandas as pd
from PIL import Image

from den_core.data.images import decode_image
from den_core.data.sources import ImageSource, open_source


def open_gallery_source(gallery: pd.DataFrame) -> ImageSource:
    """The data set split that a gallery's rows point into.

    Raises:
        DataError: the data set is not there; the message names the place where it was expected.
    """
    return open_source(gallery.attrs["source"], gallery.attrs["split"])


def picture(source: ImageSource, row: int, side: int = 96) -> bytes:
    """Row `row` of a data set as a PNG of at most `side` pixels along its longer side, never enlarged.

    Raises:
        ImageError: the row's bytes are no image.
    """
    return thumbnail(decode_image(source.encoded(row)), side)


def tile(source: ImageSource, row: int, side: int, gap: int) -> bytes:
    """Row `row` of a data set as a PNG of `side` × `side` pixels for a row of pictures.

    The picture is scaled to fit and centred; what is left, and `gap` more columns at its sides, are transparent.

    Raises:
        ImageError: the row's bytes are no image.
    """
    image = decode_image(source.encoded(row)).convert("RGBA")
    scale = side / max(image.size)
    image = image.resize([max(round(length * scale), 1) for length in image.size], Image.Resampling.BICUBIC)
    canvas = Image.new("RGBA", (side + gap, side))
    canvas.paste(image, ((side + gap - image.width) // 2, (side - image.height) // 2))
    return _png(canvas)


def thumbnail(image: Image.Image, side: int) -> bytes:
    """A picture as a PNG of at most `side` pixels along its longer side, never enlarged."""
    image = image.copy()
    image.thumbnail((side, side))
    return _png(image)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
