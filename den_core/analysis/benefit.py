"""For which images the choice matters: the own structure against those that other images of the task get.

This is the permuted control, image by image, restricted to the structures that every image was run through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.checkpoints.gallery import require_tried
from den_core.evaluation.intervals import mean_half_width

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

BIN = 0.02
"Width of a bin of the histogram, in probability."


@dataclass(frozen=True)
class Benefit:
    """What every image of a task has of its own structure. Arrays are read-only.

    The others are the tried structures that other images chose, without the image's own, weighted by how many images
    chose them. What the selector would say by itself is never one of them; where it answers an image early, its answer
    stands in the place of the own structure.
    """

    own: np.ndarray
    "Probability of the true class under the own structure, float64 (N,)."
    others: np.ndarray
    "Weighted mean of that probability under the others, float64 (N,); nan where there is no other structure."
    others_right: np.ndarray
    "Weighted share of the others that are right, float64 (N,); nan as above."
    correct: np.ndarray
    "Whether the own structure is right, bool (N,)."
    structures: int
    "How many of the tried structures some image chose."
    covered: float
    "Share of the images whose own structure is one of those, a fraction."

    @property
    def value(self) -> np.ndarray:
        """The benefit: own probability minus that of the others, in [-1, 1], (N,); nan where there is no other."""
        return self.own - self.others

    @property
    def known(self) -> np.ndarray:
        """Which images have another structure to compare with, bool (N,)."""
        return ~np.isnan(self.others)

    @property
    def helped(self) -> np.ndarray:
        """Which images are right under their own structure and wrong under more than half of the others, bool (N,)."""
        return self.correct & (self.others_right < 0.5)

    @property
    def hurt(self) -> np.ndarray:
        """Which images are wrong under their own structure and right under more than half of the others, bool (N,)."""
        return ~self.correct & (self.others_right > 0.5)


def benefit(gallery: Gallery) -> Benefit:
    """The own structure of every image against the tried structures of other images.

    Raises:
        DataError: no structure was tried.
    """
    require_tried(gallery)
    place = pd.Index(gallery.tried).get_indexer(gallery.frame["structure"])
    tried = place >= 0
    times = np.bincount(place[tried], minlength=len(gallery.tried)).astype(np.float64)
    found = Benefit(
        own=gallery.frame["label_probability"].to_numpy(dtype=np.float64),
        others=_mean_of_others(gallery.tried_probability, place, times),
        others_right=_mean_of_others(gallery.tried_correct, place, times),
        correct=gallery.frame["correct"].to_numpy(dtype=bool),
        structures=int((times > 0).sum()),
        covered=float(tried.mean()) if len(tried) else 0.0,
    )
    for array in (found.own, found.others, found.others_right, found.correct):
        array.setflags(write=False)
    return found


def _mean_of_others(values: np.ndarray, place: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Mean over the structures, weighted by their counts, the image's own left out: (N, T) -> (N,).

    Args:
        place: of the image's own structure among the T, -1 where it is none of them.
        times: how many images chose each of them, (T,).
    """
    weights = np.where(np.arange(len(times)) == place[:, None], 0.0, times)
    total = weights.sum(axis=1)
    mean = (weights * values).sum(axis=1) / np.maximum(total, 1)
    return np.where(total > 0, mean, np.nan)


@dataclass(frozen=True)
class BenefitSummary:
    """The benefit of some images in numbers; mean, low and high (95 %) in probability, nan without an image."""

    images: int
    mean: float
    low: float
    high: float
    helped: int
    hurt: int


def summary(found: Benefit, rows: np.ndarray | None = None) -> BenefitSummary:
    """The benefit in numbers, of the images that can be compared.

    Args:
        rows: which images, bool (N,); all when left out.
    """
    chosen = found.known if rows is None else found.known & rows
    values = found.value[chosen]
    mean = float(values.mean()) if len(values) else float("nan")
    spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    half = float(mean_half_width(np.asarray(spread), len(values)))
    helped, hurt = (int((kind & chosen).sum()) for kind in (found.helped, found.hurt))
    return BenefitSummary(len(values), mean, mean - half, mean + half, helped, hurt)


def most_helped(found: Benefit, rows: np.ndarray | None = None) -> np.ndarray:
    """Positions of the images that the choice helped, largest benefit first, equal ones in the order of the gallery."""
    return _ordered(-found.value, found.helped if rows is None else found.helped & rows)


def most_hurt(found: Benefit, rows: np.ndarray | None = None) -> np.ndarray:
    """Positions of the images that the choice hurt, smallest benefit first, equal ones in the order of the gallery."""
    return _ordered(found.value, found.hurt if rows is None else found.hurt & rows)


def _ordered(values: np.ndarray, taken: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(taken)
    return positions[np.argsort(values[positions], kind="stable")]


def benefit_bins(found: Benefit, rows: np.ndarray | None = None, width: float = BIN) -> pd.DataFrame:
    """How many images have how much benefit. One bin edge lies on 0; bins within the range may be empty.

    Args:
        rows: which images, bool (N,); all when left out.
        width: of a bin, in probability.

    Returns:
        start, end (an image belongs to start <= x < end), images; rising, no rows without an image.
    """
    chosen = found.known if rows is None else found.known & rows
    place = np.floor(found.value[chosen] / width).astype(np.int64)
    if not len(place):
        return pd.DataFrame({"start": [], "end": [], "images": []})
    first, last = int(place.min()), int(place.max())
    start = np.arange(first, last + 1) * width
    return pd.DataFrame({"start": start, "end": start + width, "images": np.bincount(place - first)})
