"""Fixtures for the tests of `den_core.data`."""

import urllib.error
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from published_samples import publish, write_cifar10, write_cifar100, write_stl10
from torchvision import datasets

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


@pytest.fixture
def offline(monkeypatch) -> list[str]:
    """A machine without a network. Collects the addresses that were asked for."""
    asked = []

    def refuse(request, *_, **__):
        asked.append(getattr(request, "full_url", request))
        raise urllib.error.URLError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    return asked


@pytest.fixture
def cifar10(tmp_path, monkeypatch) -> tuple[Path, dict]:
    """A small CIFAR-10: the folder that holds it, and what is in it by split."""
    made = write_cifar10(tmp_path)
    publish(monkeypatch, datasets.CIFAR10, tmp_path / "cifar-10-batches-py")
    return tmp_path, made


@pytest.fixture
def cifar100(tmp_path, monkeypatch) -> tuple[Path, dict]:
    """A small CIFAR-100: the folder that holds it, and what is in it by split."""
    made = write_cifar100(tmp_path)
    publish(monkeypatch, datasets.CIFAR100, tmp_path / "cifar-100-python")
    return tmp_path, made


@pytest.fixture
def stl10(tmp_path, monkeypatch) -> tuple[Path, dict]:
    """A small STL-10: the folder that holds it, and what is in it by split."""
    made = write_stl10(tmp_path)
    publish(monkeypatch, datasets.STL10, tmp_path / "stl10_binary")
    return tmp_path, made
