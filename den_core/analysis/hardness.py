"""Does a network spend more on hard images? Groups by MACs, rank correlation with loss, and what was spent too much.

Hardness is measured independently of the chosen structure: by the loss of one and the same structure for all
images. Cost is compared like with like: MACs of structures, without the selector, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.checkpoints.gallery import require_tried
from den_core.errors import DataError
from den_core.evaluation.intervals import mean_half_width, wilson

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

NONE_RIGHT = -1
"Stands for the place of the cheapest right structure where no tried structure is right."


def loss(probability: np.ndarray) -> np.ndarray:
    """-log of the probability of the true class, nats; finite even where the network gave it none (87.3 then)."""
    return -np.log(np.maximum(np.asarray(probability, dtype=np.float64), np.finfo(np.float32).tiny))


def tied_groups(values: np.ndarray, groups: int = 10) -> np.ndarray:
    """Split images into groups of about equal size by a value, equal values always in one group.

    A run of equal values goes whole to the group in which its middle rank falls. Where few values occur, fewer groups
    come out, and of unequal sizes: that is what the data can tell, and no chance decides between equals.

    Args:
        values: (N,); smallest first.
        groups: how many there are at most, >= 1.

    Returns:
        int64 (N,), 0 … G-1 with G <= groups, none of them empty; rises with the value.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = count.cumsum() - count / 2
    group = np.minimum((middle * groups / len(values)).astype(np.int64), groups - 1)
    return np.unique(group, return_inverse=True)[1][place]


def by_macs(gallery: Gallery, rows: np.ndarray | None = None, groups: int = 10) -> pd.DataFrame:
    """Accuracy and loss of the images in groups from the cheapest to the most expensive structure.

    Args:
        rows: which images, bool (N,); all when left out.

    Returns:
        group (from 0), images, structures (different ones that ran), early (images answered early), macs_low,
        macs_high, macs (mean; selector included), accuracy with low, high (95 %), loss (mean, nats, of the answer) with
        loss_low, loss_high.

    Raises:
        DataError: no image.
    """
    frame = gallery.frame if rows is None else gallery.frame[rows]
    if frame.empty:
        raise DataError("expected at least one image to group by MACs, found none; take a wider slice")
    macs = frame["macs"].to_numpy()
    group = tied_groups(macs, groups)
    sizes = np.bincount(group)
    right = np.bincount(group, weights=frame["correct"].to_numpy())
    low, high = wilson(right, sizes)
    mean_loss, loss_half = _group_means(group, loss(frame["label_probability"].to_numpy()))
    early = frame["early"].to_numpy()
    ran = frame["structure"].where(~early).reset_index(drop=True)
    return pd.DataFrame(
        {
            "group": np.arange(len(sizes)),
            "images": sizes,
            "structures": ran.groupby(group).nunique().to_numpy(),
            "early": np.bincount(group, weights=early).astype(np.int64),
            "macs_low": _group_ends(group, macs, np.minimum),
            "macs_high": _group_ends(group, macs, np.maximum),
            "macs": np.bincount(group, weights=macs) / sizes,
            "accuracy": right / sizes,
            "low": low,
            "high": high,
            "loss": mean_loss,
            "loss_low": np.maximum(mean_loss - loss_half, 0),
            "loss_high": mean_loss + loss_half,
        }
    )


def _group_ends(group: np.ndarray, values: np.ndarray, end: np.ufunc) -> np.ndarray:
    order = np.argsort(group, kind="stable")
    return end.reduceat(values[order], np.searchsorted(group[order], np.arange(group.max() + 1)))


def _group_means(group: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean by group, and half of its 95 % interval."""
    sizes = np.bincount(group)
    mean = np.bincount(group, weights=values) / sizes
    squares = np.bincount(group, weights=(values - mean[group]) ** 2)
    return mean, mean_half_width(np.sqrt(squares / np.maximum(sizes - 1, 1)), sizes)


def tried_place(gallery: Gallery, structure: str) -> int:
    """Where a structure stands among those that every image of the task was run through.

    Raises:
        DataError: it is not among them.
    """
    if structure not in gallery.tried:
        known = ", ".join(gallery.tried) or "none"
        raise DataError(
            f"expected a structure that every image was run through ({known}), found {structure!r}; write the "
            "gallery again with `den index`"
        )
    return gallery.tried.index(structure)


def uniform_tried(gallery: Gallery) -> list[str]:
    """The tried structures that run every block at one level, the full model first, then falling."""
    return sorted((key for key in gallery.tried if len(set(key)) == 1), reverse=True)


def hardness(gallery: Gallery, structure: str) -> np.ndarray:
    """How hard every image is for one and the same structure: its loss there, nats, (N,).

    Raises:
        DataError: not every image was run through that structure.
    """
    return loss(gallery.tried_probability[:, tried_place(gallery, structure)])


def spending_by_hardness(
    gallery: Gallery, hard: np.ndarray, rows: np.ndarray | None = None, groups: int = 10
) -> pd.DataFrame:
    """Mean MACs that the network chose to spend, from the easiest images to the hardest.

    Args:
        hard: how hard every image of the gallery is, (N,), such as `hardness` gives.
        rows: which images, bool (N,); all when left out.

    Returns:
        group (from 0), images, hard_low, hard_high (nats), macs (mean; selector included) with low, high
        (95 %), accuracy.

    Raises:
        DataError: no image.
    """
    frame = gallery.frame if rows is None else gallery.frame[rows]
    hard = hard if rows is None else hard[rows]
    if frame.empty:
        raise DataError("expected at least one image to group by hardness, found none; take a wider slice")
    group = tied_groups(hard, groups)
    sizes = np.bincount(group)
    mean, half = _group_means(group, frame["macs"].to_numpy().astype(np.float64))
    return pd.DataFrame(
        {
            "group": np.arange(len(sizes)),
            "images": sizes,
            "hard_low": _group_ends(group, hard, np.minimum),
            "hard_high": _group_ends(group, hard, np.maximum),
            "macs": mean,
            "low": mean - half,
            "high": mean + half,
            "accuracy": np.bincount(group, weights=frame["correct"].to_numpy()) / sizes,
        }
    )


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its 95 % bootstrap interval; nan where one of the two never changes."""

    value: float
    low: float
    high: float
    images: int
    draws: int
    "Bootstrap draws of the images behind the interval."

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def spearman(x: np.ndarray, y: np.ndarray, draws: int | None = None, seed: int = 0) -> Correlation:
    """Spearman's rank correlation, ties at their mean rank, with a percentile bootstrap over the images.

    Args:
        x, y: (N,), no nan.
        draws: how often the images are drawn again; when left out 1,000, fewer (at least 200) above 10,000 images.

    Returns:
        nan where one of the two has a single value, or where there are fewer than three images.
    """
    images = len(x)
    draws = draws or int(np.clip(10_000_000 // max(images, 1), 200, 1000))
    a, b = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    undefined = images < 3 or a.max() == 0 or b.max() == 0
    if undefined:
        return Correlation(float("nan"), float("nan"), float("nan"), images, 0)
    value = _weighted_spearman(a, b, np.ones(images))
    generator = np.random.default_rng(seed)
    drawn = [
        _weighted_spearman(a, b, np.bincount(generator.integers(images, size=images), minlength=images))
        for _ in range(draws)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Correlation(value, float(low), float(high), images, draws)


def _weighted_spearman(a: np.ndarray, b: np.ndarray, times: np.ndarray) -> float:
    """Rank correlation of values given as places among their distinct values, every image counted `times` times.

    Counting instead of repeating: a bootstrap draw then needs no sorting, which is what ranks cost.
    """
    centred = []
    for place in (a, b):
        count = np.bincount(place, weights=times)
        rank = count.cumsum() - count / 2
        centred.append(rank[place] - len(place) / 2)
    x, y = centred
    weighted = times * x
    scale = float(weighted @ x) * float((times * y) @ y)
    return float(weighted @ y) / scale**0.5 if scale > 0 else float("nan")


@dataclass(frozen=True)
class Overspend:
    """What every image of a gallery spent, beside the cheapest tried structure that gets it right."""

    cheapest: np.ndarray
    "Place in `gallery.tried` of the cheapest right structure, int64 (N,); NONE_RIGHT where none of them is."
    chosen_macs: np.ndarray
    "MACs of the chosen structure, selector not included, int64 (N,); 0 where the answer is early."
    macs: np.ndarray
    "`chosen_macs` minus the MACs of the cheapest right one, int64 (N,); 0 where none is right (see `solvable`)."
    correct: np.ndarray
    "Whether the answer was right, bool (N,)."

    @property
    def solvable(self) -> np.ndarray:
        """Whether any tried structure is right, bool (N,)."""
        return self.cheapest != NONE_RIGHT


def overspend(gallery: Gallery) -> Overspend:
    """Chosen MACs minus those of the cheapest tried structure that is still right, per image, selector in neither.

    In hindsight, and so an upper bound on what a better choice could save: among several structures a cheap one is
    sometimes right by luck.

    Raises:
        DataError: no structure was tried.
    """
    require_tried(gallery)
    costs = np.asarray(gallery.tried_macs)
    right = np.asarray(gallery.tried_correct)
    # `tried` rises in MACs, so the first that is right is the cheapest.
    cheapest = np.where(right.any(axis=1), right.argmax(axis=1), NONE_RIGHT)
    chosen = gallery.frame["macs"].to_numpy() - gallery.costs.selector_macs
    macs = np.where(cheapest == NONE_RIGHT, 0, chosen - costs[cheapest])
    return Overspend(cheapest, chosen, macs, gallery.frame["correct"].to_numpy())


OUTCOMES = {
    "cheaper": "A cheaper one is right",
    "exact": "The cheapest right one was chosen",
    "thrifty": "Right, and cheaper than that",
    "short": "Wrong: a more expensive one is right",
    "untried": "Only the chosen one is right",
    "none": "None is right",
}
'Every image has exactly one of these outcomes; "right" and "cheapest" speak of the tried structures.'


def outcomes(spent: Overspend) -> np.ndarray:
    """Which of `OUTCOMES` every image has, as its place in that table: int64 (N,)."""
    solvable, right = spent.solvable, spent.correct
    return np.select(
        [
            solvable & (spent.macs > 0),
            solvable & right & (spent.macs == 0),
            solvable & right,
            solvable,
            right,
        ],
        [0, 1, 2, 3, 4],
        default=5,
    )


def outcome_table(spent: Overspend, rows: np.ndarray | None = None) -> pd.DataFrame:
    """How many images have which outcome.

    Returns:
        outcome (key of OUTCOMES), images, share, low, high (95 %), wrong (images whose chosen structure was wrong).
    """
    kind, right = outcomes(spent), spent.correct
    if rows is not None:
        kind, right = kind[rows], right[rows]
    count = np.bincount(kind, minlength=len(OUTCOMES))
    low, high = wilson(count, count.sum())
    return pd.DataFrame(
        {
            "outcome": list(OUTCOMES),
            "images": count,
            "share": count / max(count.sum(), 1),
            "low": low,
            "high": high,
            "wrong": np.bincount(kind[~right], minlength=len(OUTCOMES)),
        }
    )


def worst(spent: Overspend, rows: np.ndarray | None = None, top: int = 24) -> np.ndarray:
    """The images that spent most beyond need, most first, equal ones in the order of the gallery: positions."""
    macs = spent.macs if rows is None else np.where(rows, spent.macs, 0)
    order = np.argsort(-macs, kind="stable")[:top]
    return order[macs[order] > 0]


def overspend_bins(spent: Overspend, rows: np.ndarray | None = None, bins: int = 24) -> pd.DataFrame:
    """How many images spent how much beyond need, among those that some tried structure gets right.

    One bin edge lies on 0: images left of it paid less than the cheapest tried structure that is right costs, those
    that paid exactly as much are the first ones right of it.

    Args:
        rows: which images, bool (N,); all when left out.
        bins: about how many, equally wide.

    Returns:
        start, end (MACs; an image belongs to start <= x < end), images, right, wrong (by the chosen structure).
    """
    counted = spent.solvable if rows is None else spent.solvable & rows
    macs, right = spent.macs[counted], spent.correct[counted]
    if not len(macs):
        return pd.DataFrame({name: [] for name in ("start", "end", "images", "right", "wrong")})
    width = max(int(np.ceil((macs.max() - min(macs.min(), 0) + 1) / bins)), 1)
    place = macs // width
    first, last = int(place.min()), int(place.max())
    count, hits = (np.bincount(place - first, weights=w, minlength=last - first + 1) for w in (None, right))
    start = np.arange(first, last + 1) * width
    return pd.DataFrame(
        {
            "start": start,
            "end": start + width,
            "images": count,
            "right": hits.astype(np.int64),
            "wrong": count - hits.astype(np.int64),
        }
    )
