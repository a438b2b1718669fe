"""How much of every block a set of images uses: the paper's Fig. 6b, and the difference between two such sets.

Two readings that are easily mixed up, so both have a name: the *probability* of a level is the selector's,
averaged over images; its *frequency* is the share of images that really ran at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from den_core.errors import DataError
from den_core.evaluation.intervals import mean_half_width, share_difference, wilson

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

Reading = Literal["probability", "frequency"]

FEWEST = 10
"Below this many images on either side no difference is called clear: the intervals are approximations."


@dataclass(frozen=True)
class LevelUsage:
    """Level usage of a set of images: frames with n rows (blocks) and h columns (levels); shares sum to 1 per row."""

    images: int
    "How many images were averaged over: those that the estimator runs."
    early: int
    "How many others were answered early."
    probability: pd.DataFrame
    frequency: pd.DataFrame
    spread: pd.DataFrame
    "Sample standard deviation of the probability among the images; nan for a single image."

    def reading(self, name: Reading) -> pd.DataFrame:
        """The frame of that reading."""
        return self.probability if name == "probability" else self.frequency

    def interval(self, name: Reading) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Lower and upper limit of the 95 % interval of a reading, fractions; nan where one image leaves it open."""
        if name == "frequency":
            low, high = wilson(self.frequency.to_numpy() * self.images, self.images)
        else:
            mean, half = self.probability.to_numpy(), mean_half_width(self.spread.to_numpy(), self.images)
            low, high = np.maximum(mean - half, 0), np.minimum(mean + half, 1)
        return _frame(low), _frame(high)


def _frame(values: np.ndarray) -> pd.DataFrame:
    n, h = values.shape
    return pd.DataFrame(
        values, index=pd.RangeIndex(n, name="block"), columns=pd.RangeIndex(h, name="level"), dtype="float64"
    )


def level_usage(gallery: Gallery, rows: np.ndarray | None = None) -> LevelUsage:
    """Mean probability and frequency of every level in every block, over images that the estimator runs.

    Args:
        rows: which images, bool (N,), such as `slices.mask` gives; all of them when left out.

    Raises:
        DataError: no image to count.
    """
    taken = np.ones(len(gallery), dtype=bool) if rows is None else rows
    run = taken & ~gallery.early
    distribution, levels = (
        (gallery.distribution, gallery.levels) if run.all() else (gallery.distribution[run], gallery.levels[run])
    )
    N, n, h = distribution.shape
    if N == 0:
        raise DataError("expected at least one image to count levels of, found none; take a wider slice")
    counts = np.bincount((levels + h * np.arange(n)).ravel(), minlength=n * h).reshape(n, h)
    mean = distribution.mean(axis=0, dtype=np.float64)
    spread = distribution.std(axis=0, dtype=np.float64, ddof=1) if N > 1 else np.full((n, h), np.nan)
    early = int((taken & gallery.early).sum())
    return LevelUsage(N, early, probability=_frame(mean), frequency=_frame(counts / N), spread=_frame(spread))


def usage_difference(first: LevelUsage, second: LevelUsage, reading: Reading) -> pd.DataFrame:
    """First minus second, per block and level, in [-1, 1]; every row sums to 0.

    Raises:
        DataError: the two have other numbers of blocks or levels.
    """
    a, b = first.reading(reading), second.reading(reading)
    if a.shape != b.shape:
        raise DataError(f"expected two usages of the same blocks and levels, found {a.shape} and {b.shape}")
    return a - b


def difference_table(first: LevelUsage, second: LevelUsage, reading: Reading) -> pd.DataFrame:
    """The difference between two sets of images, cell by cell, and which cells stand out of the noise.

    The interval takes the two sets as drawn independently: where they share images it is too wide, never too narrow.

    Returns:
        One row per block and level: block, level, first, second, difference, low, high (95 % interval of the
        difference), clear (bool: the interval leaves out 0, and both sets have `FEWEST` images); fractions.

    Raises:
        DataError: the two have other numbers of blocks or levels.
    """
    gap = usage_difference(first, second, reading).to_numpy()
    a, b = first.reading(reading).to_numpy(), second.reading(reading).to_numpy()
    if reading == "frequency":
        low, high = share_difference(a, first.images, b, second.images)
    else:
        half = np.hypot(
            mean_half_width(first.spread.to_numpy(), first.images),
            mean_half_width(second.spread.to_numpy(), second.images),
        )
        low, high = gap - half, gap + half
    enough = min(first.images, second.images) >= FEWEST
    blocks, levels = np.indices(gap.shape)
    return pd.DataFrame(
        {
            "block": blocks.ravel(),
            "level": levels.ravel(),
            "first": a.ravel(),
            "second": b.ravel(),
            "difference": gap.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
            "clear": (((low > 0) | (high < 0)) & enough).ravel(),
        }
    )


def usage_table(usage: LevelUsage) -> pd.DataFrame:
    """Both readings with their 95 % intervals, one row per block and level, fractions.

    Returns:
        block, level, probability, probability_low, probability_high, frequency, frequency_low, frequency_high.
    """
    blocks, levels = np.indices(usage.frequency.shape)
    columns = {"block": blocks.ravel(), "level": levels.ravel()}
    for name in ("probability", "frequency"):
        low, high = usage.interval(name)
        columns[name] = usage.reading(name).to_numpy().ravel()
        columns[f"{name}_low"], columns[f"{name}_high"] = low.to_numpy().ravel(), high.to_numpy().ravel()
    return pd.DataFrame(columns)
