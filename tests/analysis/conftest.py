"""Small hand-made galleries, as `den_core.checkpoints.gallery.read_gallery` gives them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from den_core.checkpoints.gallery import Gallery
from den_core.costs import CostModel
from den_core.structure_keys import structure_levels


def _make_gallery(distribution: np.ndarray, correct: list[bool] | None = None, **changes: object) -> Gallery:
    """A gallery whose images have these model distributions, (N, n, h), and run at the likeliest levels.

    A block costs 1,000 MACs per level, stem and head 500, the selector 100. Every image was also run through the
    smallest and the largest structure; the largest is always right, the smallest where the chosen one is.

    Args:
        changes: fields of Gallery, or columns of its frame, to set.
    """
    N, n, h = distribution.shape
    distribution = distribution.astype(np.float32)
    levels = distribution.argmax(axis=2).astype(np.uint8)
    costs = CostModel(np.tile(np.arange(h, dtype=np.int64) * 1000, (n, 1)), task_macs=500, selector_macs=100)
    right = np.array([True] * N if correct is None else correct)
    frame = pd.DataFrame(
        {
            "row": np.arange(N, dtype=np.int32),
            "image_id": [f"image-{i}" for i in range(N)],
            "label": np.zeros(N, dtype=np.int16),
            "prediction": np.where(right, 0, 1).astype(np.int16),
            "confidence": np.full(N, 0.5, dtype=np.float32),
            "label_probability": np.where(right, 0.5, 0.25).astype(np.float32),
            "correct": right,
            "structure": ["".join(map(str, row)) for row in levels],
            "macs": costs.macs(levels),
            "params": levels.sum(axis=1).astype(np.int64) * 10,
        }
    )
    tried = ("1" * n, str(h - 1) * n) if h > 2 else ("0" * n, "1" * n)
    tried_levels = structure_levels(tried, n)
    columns = {name: changes.pop(name) for name in list(changes) if name in frame}
    fields = {
        "task": "toy",
        "split": "test",
        "source": "open:toy",
        "num_blocks": n,
        "num_levels": h,
        "frame": frame.assign(**columns),
        "distribution": distribution,
        "levels": levels,
        "costs": costs,
        "features": np.random.default_rng(1).random((N, 6), dtype=np.float32),
        "tried": tried,
        "tried_macs": costs.macs(tried_levels, with_selector=False),
        "tried_probability": np.stack([np.where(right, 0.6, 0.2), np.full(N, 0.9)], axis=1).astype(np.float32),
        "tried_correct": np.stack([right, np.ones(N, dtype=bool)], axis=1),
    }
    return Gallery(**fields | changes)


def _random_distribution(images: int, blocks: int, levels: int, seed: int = 0) -> np.ndarray:
    """Seeded model distributions, float32 (images, blocks, levels)."""
    draws = np.random.default_rng(seed).dirichlet(np.full(levels, 0.7), size=(images, blocks))
    return draws.astype(np.float32)


@pytest.fixture
def make_gallery() -> Callable[..., Gallery]:
    """Builds a gallery from model distributions."""
    return _make_gallery


@pytest.fixture
def random_distribution() -> Callable[..., np.ndarray]:
    """Draws seeded model distributions."""
    return _random_distribution


@pytest.fixture
def gallery() -> Gallery:
    """Forty images, three blocks, four levels."""
    return _make_gallery(_random_distribution(40, 3, 4))


@pytest.fixture
def hand_gallery() -> Gallery:
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
