"""The picture behind a row, small enough for a page."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from den_core.data.images import decode_image
from den_core.data.pictures import picture, thumbnail
from den_core.data.sources import open_source
from den_core.errors import DataError, ImageError


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_picture_is_the_rows_image_no_larger_than_asked_for():
    source = open_source("open:clipart", "test")
    original, small = decode_image(source.encoded(3)), opened(picture(source, 3, side=40))

    assert small.format == "WEBP" and max(small.size) == 40
    assert small.width / small.height == pytest.approx(original.width / original.height, rel=0.05)


def test_a_picture_is_never_enlarged():
    assert opened(picture(open_source("open:fashion", "test"), 0, side=500)).size == (28, 28)


def test_a_thumbnail_leaves_the_picture_alone():
    image = Image.new("RGB", (300, 100), (10, 20, 30))
    small = opened(thumbnail(image, 60))

    assert small.format == "PNG" and small.size == (60, 20) and image.size == (300, 100)
    assert small.convert("RGB").getpixel((5, 5)) == (10, 20, 30)


def test_a_data_set_that_is_not_there_is_named():
    with pytest.raises(DataError, match="nowhere"):
        picture(open_source("folder:/nowhere", "test"), 0)


def test_bytes_that_are_no_image_are_an_image_error():
    class Broken:
        def encoded(self, row: int) -> bytes:
            return b"not an image"

    with pytest.raises(ImageError):
        picture(Broken(), 0)
