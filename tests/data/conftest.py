"""Fixtures for the tests of `den_core.data`."""

import numpy as np
import pytest
from PIL import Image

from den_core.config import TaskConfig


@pytest.fixture
def white_task() -> TaskConfig:
    """16 pixels, on white, in colour."""
    return TaskConfig(
        name="toy",
        source="folder:nowhere",
        size=16,
        content_size=16,
        class_names=("no", "yes"),
        background=255,
    )


@pytest.fixture
def photo() -> Image.Image:
    """An RGB image of 40 by 24 pixels in which every row, column and channel differs."""
    y, x = np.mgrid[0:24, 0:40]
    return Image.fromarray(np.stack([x * 6, y * 10, (x + y) * 4], axis=2).astype(np.uint8))
