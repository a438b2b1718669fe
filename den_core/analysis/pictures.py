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


def thumbnail(image: Image.Image, side: int) -> bytes:
    """A picture as a PNG of at most `side` pixels along its longer side, never enlarged."""
    image = image.copy()
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
