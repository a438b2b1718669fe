"""The structures that a cost weight chooses, from stored distributions, without inference.

The rule is that of `DeepElasticNetwork.choose`, without torch: per block the level with the largest
log C - cost_weight · relative MACs.
Galleries store C in half precision: a level whose probability was rounded to 0 is not chosen at any positive weight,
which matters at extreme weights only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.errors import ConfigError
from den_core.structure_keys import early_key, structure_keys

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

OWN_WEIGHT = 0.0
"The network's own choice: the most probable level of every block."


@dataclass(frozen=True)
class WeightPoint:
    """One task's images at one cost weight. Arrays are read-only."""

    weight: float
    levels: np.ndarray
    "Chosen levels, uint8 (N, n); where an answer is early, those that the estimator would have run."
    early: np.ndarray
    "Which images the selector answers, bool (N,)."
    changed: np.ndarray
    "Which images run something else than at weight 0, bool (N,): another structure, or early at one of them alone."
    mean_macs: float
    "Mean per image, selector included."
    usage: pd.DataFrame
    "Share of the images that the estimator runs, by block (row) and level (column); nan where it runs none."
    distinct: int
    "Different structures that it runs."

    @property
    def keys(self) -> np.ndarray:
        """What every image runs, as text, (N,)."""
        return np.where(self.early, early_key(self.levels.shape[1]), structure_keys(self.levels))


def choose_levels(distribution: np.ndarray, relative_macs: np.ndarray, weight: float) -> np.ndarray:
    """The levels that a cost weight chooses, uint8 (N, n); of equally good levels the lowest.

    Args:
        distribution: model distributions C, (N, n, h).
        relative_macs: MACs of block i at level l ÷ a full block's mean MACs, (n, h).
        weight: nats per full block's MACs; 0 is the network's own choice.

    Raises:
        ConfigError: a weight that is not a finite number.
    """
    if not np.isfinite(weight):
        raise ConfigError(f"expected a finite cost weight, found {weight}")
    if weight == OWN_WEIGHT:
        return distribution.argmax(axis=2).astype(np.uint8)
    score = np.log(np.maximum(distribution, np.finfo(np.float32).tiny))
    score -= (weight * relative_macs).astype(np.float32)
    return score.argmax(axis=2).astype(np.uint8)


def level_shares(levels: np.ndarray, num_levels: int) -> pd.DataFrame:
    """Share of images at every level, n rows (blocks) and h columns (levels); rows sum to 1, or are nan of no image."""
    counts = np.stack([(levels == level).sum(axis=0) for level in range(num_levels)], axis=1)
    shares = counts / len(levels) if len(levels) else np.full(counts.shape, np.nan)
    return pd.DataFrame(
        shares, index=pd.RangeIndex(levels.shape[1], name="block"), columns=pd.RangeIndex(num_levels, name="level")
    )


def count_structures(levels: np.ndarray, num_levels: int) -> int:
    """How many different rows there are."""
    if num_levels ** levels.shape[1] < 2**62:
        keys = levels.astype(np.int64) @ (num_levels ** np.arange(levels.shape[1], dtype=np.int64))
        return len(np.unique(keys))
    return len(np.unique(levels, axis=0))


def weight_point(gallery: Gallery, weight: float) -> WeightPoint:
    """What a cost weight chooses for the images of a task.

    Raises:
        ConfigError: a weight that is not a finite number.
    """
    levels = choose_levels(gallery.distribution, gallery.costs.relative_macs, weight)
    early = gallery.early_at(weight) if weight != OWN_WEIGHT else gallery.early.copy()
    changed = ((levels != gallery.levels).any(axis=1) & ~early) | (early != gallery.early)
    for array in (levels, early, changed):
        array.setflags(write=False)
    return WeightPoint(
        weight=weight,
        levels=levels,
        early=early,
        changed=changed,
        mean_macs=float(gallery.costs.macs(levels, early=early).mean()) if len(levels) else 0.0,
        usage=level_shares(levels[~early], gallery.num_levels),
        distinct=count_structures(levels[~early], gallery.num_levels),
    )


def measured_weights(points: pd.DataFrame) -> list[float]:
    """The cost weights that were measured, and 0 for the network's own choice, rising: most expensive first.

    Args:
        points: of `operating_points`.
    """
    measured = points.loc[points["method"] == "cost_weight", "parameter"].dropna().unique()
    return sorted({OWN_WEIGHT, *map(float, measured)})


def at_weight(points: pd.DataFrame, weight: float) -> pd.DataFrame:
    """The measured rows at one of `measured_weights`, indexed by task.

    Raises:
        ConfigError: a weight that was not measured.
    """
    own = points[points["method"] == "chosen"]
    rows = points[(points["method"] == "cost_weight") & (points["parameter"] == weight)]
    rows = own if weight == OWN_WEIGHT and not own.empty else rows
    if rows.empty:
        raise ConfigError(f"expected one of the measured cost weights {measured_weights(points)}, found {weight}")
    return rows.set_index("task")


def drift(points: Mapping[str, Sequence[WeightPoint]]) -> pd.DataFrame:
    """How the use of levels moves with the cost weight.

    Args:
        points: by task, that task's points with rising weight.

    Returns:
        weight, task, level, share (of all block decisions of the task's images, those that no estimator makes counted,
        a fraction), early (share of the images that are answered early), changed (share of the images that run
        something else than at weight 0), distinct, mean_macs.
    """
    rows = [
        {
            "weight": point.weight,
            "task": task,
            "level": level,
            "share": float(np.nan_to_num(point.usage[level].mean()) * (1 - _mean(point.early))),
            "early": _mean(point.early),
            "changed": _mean(point.changed),
            "distinct": point.distinct,
            "mean_macs": point.mean_macs,
        }
        for task, along in points.items()
        for point in along
        for level in point.usage.columns
    ]
    return pd.DataFrame(rows)


def _mean(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def changed_images(gallery: Gallery, point: WeightPoint) -> pd.DataFrame:
    """The images of a task that run something else at a cost weight, those that move most first.

    Returns:
        task, row (position in the gallery), structure, structure_at_weight, moved (MACs more or less), macs,
        macs_at_weight (selectors included).
    """
    rows = np.flatnonzero(point.changed)
    own = gallery.costs.macs(gallery.levels[rows], early=gallery.early[rows])
    now = gallery.costs.macs(point.levels[rows], early=point.early[rows])
    found = pd.DataFrame(
        {
            "task": gallery.task,
            "row": rows,
            "structure": gallery.frame["structure"].to_numpy()[rows],
            "structure_at_weight": point.keys[rows],
            "moved": np.abs(now - own),
            "macs": own,
            "macs_at_weight": now,
        }
    )
    return found.sort_values("moved", ascending=False, kind="stable", ignore_index=True)


def usage_change(points: Sequence[WeightPoint], own: Sequence[WeightPoint]) -> pd.DataFrame:
    """Share of images at every block and level at a cost weight minus that of the own choice, mean over tasks.

    Counted are the images that the estimator runs; a task of which it runs none at either weight is left out.

    Args:
        points, own: of the same tasks, at the weight and at `OWN_WEIGHT`.

    Returns:
        n rows (blocks) and h columns (levels), in [-1, 1]; every row sums to 0.
    """
    changes = [point.usage - base.usage for point, base in zip(points, own, strict=True)]
    known = [change for change in changes if not change.isna().to_numpy().any()] or [changes[0].fillna(0.0)]
    return sum(known) / len(known)
