"""Small hand-made galleries with the columns and attributes of `den_core.gallery.read_gallery`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


def _make_gallery(distribution: np.ndarray, correct: list[bool] | None = None) -> pd.DataFrame:
    """A gallery whose images have these model distributions, (N, n, h), and run at the likeliest levels."""
    N, n, h = distribution.shape
    levels = distribution.argmax(axis=2)
    gallery = pd.DataFrame(
        {
            "row": np.arange(N, dtype=np.int32),
            "image_id": [f"image-{i}" for i in range(N)],
            "label": np.zeros(N, dtype=np.int16),
            "prediction": np.zeros(N, dtype=np.int16),
            "confidence": np.full(N, 0.5, dtype=np.float32),
            "correct": [True] * N if correct is None else correct,
            "structure": ["".join(map(str, row)) for row in levels],
            "macs": levels.sum(axis=1).astype(np.int64) * 1000,
            "params": levels.sum(axis=1).astype(np.int64) * 10,
        }
    )
    flat = distribution.reshape(N, n * h).astype(np.float32)
    flat.setflags(write=False)
    gallery.attrs.update(distribution=flat, num_blocks=n, num_levels=h, source="open:toy", split="test")
    return gallery


def _random_distribution(images: int, blocks: int, levels: int, seed: int = 0) -> np.ndarray:
    """Seeded model distributions, float32 (images, blocks, levels)."""
    draws = np.random.default_rng(seed).dirichlet(np.full(levels, 0.7), size=(images, blocks))
    return draws.astype(np.float32)


@pytest.fixture
def make_gallery() -> Callable[..., pd.DataFrame]:
    """Builds a gallery from model distributions."""
    return _make_gallery


@pytest.fixture
def random_distribution() -> Callable[..., np.ndarray]:
    """Draws seeded model distributions."""
    return _random_distribution


@pytest.fixture
def gallery() -> pd.DataFrame:
    """Forty images, three blocks, four levels."""
    return _make_gallery(_random_distribution(40, 3, 4))


@pytest.fixture
def hand_gallery() -> pd.DataFrame:
    """Four images, two blocks, two levels, structures 10, 10, 11, 00: counts that one can check by hand."""
    distribution = np.array(
        [
            [[0.2, 0.8], [0.6, 0.4]],
            [[0.4, 0.6], [0.9, 0.1]],
            [[0.1, 0.9], [0.3, 0.7]],
            [[0.7, 0.3], [0.8, 0.2]],
        ],
        dtype=np.float32,
    )
    return _make_gallery(distribution, correct=[True, False, True, True])
