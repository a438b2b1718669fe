"""How much of every block a task uses: the paper's Fig. 6b, and the difference between two tasks.

Two readings that are easily mixed up, so both have a name: the *probability* of a level is the selector's,
averaged over images; its *frequency* is the share of images that really ran at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from den_core.analysis.galleries import gallery_distribution, gallery_levels
from den_core.errors import DataError

Reading = Literal["probability", "frequency"]


@dataclass(frozen=True)
class LevelUsage:
    """Level usage of one task: frames with n rows (blocks) and h columns (levels); every row sums to 1."""

    images: int
    "How many images were averaged over."
    probability: pd.DataFrame
    frequency: pd.DataFrame

    def reading(self, name: Reading) -> pd.DataFrame:
        """The frame of that reading."""
        return self.probability if name == "probability" else self.frequency

    @property
    def half_width(self) -> pd.DataFrame:
        """Half of the 95 % interval of every frequency (normal approximation), as a fraction."""
        p = self.frequency
        return 1.96 * np.sqrt(p * (1 - p) / self.images)


def _frame(values: np.ndarray) -> pd.DataFrame:
    n, h = values.shape
    return pd.DataFrame(
        values, index=pd.RangeIndex(n, name="block"), columns=pd.RangeIndex(h, name="level"), dtype="float64"
    )


def level_usage(gallery: pd.DataFrame) -> LevelUsage:
    """Mean probability and frequency of every level in every block, over all images of a gallery.

    Raises:
        DataError: a gallery without images.
    """
    if gallery.empty:
        raise DataError("expected images in the gallery, found none; run `python -m den_core index`")
    distribution = gallery_distribution(gallery)
    N, n, h = distribution.shape
    levels = gallery_levels(gallery["structure"], n)
    counts = np.stack([np.bincount(levels[:, block], minlength=h)[:h] for block in range(n)])
    mean = distribution.mean(axis=0, dtype=np.float64)
    return LevelUsage(images=N, probability=_frame(mean), frequency=_frame(counts / N))


def usage_difference(first: LevelUsage, second: LevelUsage, reading: Reading) -> pd.DataFrame:
    """First minus second, per block and level, in [-1, 1]; every row sums to 0.

    Raises:
        DataError: the two have other numbers of blocks or levels.
    """
    a, b = first.reading(reading), second.reading(reading)
    if a.shape != b.shape:
        raise DataError(f"expected two usages of the same blocks and levels, found {a.shape} and {b.shape}")
    return a - b
