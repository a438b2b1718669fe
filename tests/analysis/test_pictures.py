"""Pictures of gallery rows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from den_core.analysis import picture, tile
from den_core.errors import ImageError


class _Source:
    """A data set of one encoded image."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def encoded(self, row: int) -> bytes:
        return self._data


def _encoded(width: int, height: int, kind: str = "WEBP") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, dtype=np.uint8)).save(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize(("size", "expected"), [((28, 28), (28, 28)), ((400, 200), (96, 48))])
def test_large_pictures_shrink_and_small_ones_stay(size, expected):
    image = Image.open(io.BytesIO(picture(_Source(_encoded(*size)), row=0)))
    assert image.format == "PNG"
    assert image.size == expected


@pytest.mark.parametrize("size", [(28, 28), (300, 10), (1, 500)])
def test_tiles_have_one_size_and_a_transparent_gap(size):
    image = Image.open(io.BytesIO(tile(_Source(_encoded(*size)), row=0, side=64, gap=8)))
    assert image.size == (72, 64)
    alpha = np.asarray(image)[:, :, 3]
    assert alpha[:, :4].max() == alpha[:, -4:].max() == 0
    assert alpha[32, 35] == 255


def test_bytes_that_are_no_image_are_an_image_error():
    with pytest.raises(ImageError):
        picture(_Source(b"not an image"), row=0)
