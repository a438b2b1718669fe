"""Small cases in which everything can be enumerated, and runs of a few steps."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from den_core.config import Recipe
from den_core.recipes import recipe
from den_core.training.run import load_training_data
from den_core.training.setup import TrainingData


@pytest.fixture
def every_structure() -> Callable[[int, int], Tensor]:
    """All h^n structures of n blocks and h levels, int64 (h^n, n)."""

    def every_structure(num_blocks: int, num_levels: int) -> Tensor:
        return torch.tensor(list(itertools.product(range(num_levels), repeat=num_blocks)))

    return every_structure


@pytest.fixture
def random_log_distribution(rng) -> Callable[..., Tensor]:
    """log C of random logits, float64 (B, n, h)."""

    def random_log_distribution(batch: int, num_blocks: int, num_levels: int, scale: float = 1.5) -> Tensor:
        logits = scale * torch.randn(batch, num_blocks, num_levels, generator=rng, dtype=torch.float64)
        return logits.log_softmax(-1)

    return random_log_distribution


@pytest.fixture
def rising_usage(rng) -> Callable[[int, int], Tensor]:
    """A random d_i(l) as Eq. 5 needs it: rising along the levels from 0 to 1, float64 (n, h)."""

    def rising_usage(num_blocks: int, num_levels: int) -> Tensor:
        steps = 0.1 + torch.rand(num_blocks, num_levels, generator=rng, dtype=torch.float64)
        steps[:, 0] = 0
        total = steps.cumsum(1)
        return total / total[:, -1:]

    return rising_usage


def _short_digits(precision: str = "bf16-mixed", **selector) -> Recipe:
    """digits-fast with 18 steps: two rounds, resume points and reports in the middle of turns."""
    base = recipe("digits-fast")
    training = dataclasses.replace(
        base.training,
        rounds=2,
        estimator=dataclasses.replace(base.training.estimator, first_steps=6, round_steps=4, last_steps=0),
        selector=dataclasses.replace(base.training.selector, **{"steps": 4, "label_steps": 0} | selector),
        batch_size=12,
        precision=precision,
        report_every=4,
        save_every=2,
    )
    return dataclasses.replace(base, name="short", training=training)


@pytest.fixture
def short_digits() -> Callable[..., Recipe]:
    """Recipes of a few steps on scikit-learn's digits."""
    return _short_digits


@pytest.fixture(scope="session")
def digits_data() -> TrainingData:
    """The first 150 digits, divided as every recipe of these tests divides them."""
    return load_training_data(_short_digits(), limit=150, progress=False).data


@pytest.fixture
def with_last_turn(short_digits) -> Recipe:
    """18 steps and a last turn of four."""
    base = short_digits()
    estimator = dataclasses.replace(base.training.estimator, last_steps=4)
    return dataclasses.replace(base, training=dataclasses.replace(base.training, estimator=estimator))
