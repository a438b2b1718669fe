"""Two checkpoints on the same test images: who is right where, what it costs, which structures differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.errors import DataError

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

OUTCOMES = ("both", "first", "second", "neither")
"Who is right: both networks, only the first, only the second, none."


@dataclass(frozen=True)
class Comparison:
    """Two networks on the images that both were run on.

    Args:
        images: one row per matched image: image_id, row and other_row (positions in the two galleries), label,
            prediction and other_prediction, outcome (one of `OUTCOMES`), macs and other_macs (selectors included),
            macs_difference (second minus first), structure and other_structure, distance (l2 distance of the two
            model distributions; nan where they cannot be compared).
        only_first, only_second: how many images the other gallery lacks.
        same_blocks: whether both have the same numbers of blocks and levels, so that structures can be compared.
    """

    images: pd.DataFrame
    only_first: int
    only_second: int
    same_blocks: bool

    @property
    def counts(self) -> dict[str, int]:
        """Images by outcome, in the order of `OUTCOMES`."""
        found = self.images["outcome"].value_counts()
        return {name: int(found.get(name, 0)) for name in OUTCOMES}

    @property
    def accuracies(self) -> tuple[float, float]:
        """Accuracy of the first and of the second network on the matched images, fractions."""
        counts, total = self.counts, len(self.images)
        return (counts["both"] + counts["first"]) / total, (counts["both"] + counts["second"]) / total

    @property
    def p_value(self) -> float:
        """Of McNemar's exact test on the images that only one of the two gets right."""
        return mcnemar(self.counts["first"], self.counts["second"])


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value of McNemar's test: how likely so uneven a split is if both networks were equally good.

    Args:
        only_first, only_second: images that only the one or only the other network gets right.

    Returns:
        In (0, 1]; 1 where no image tells them apart. What is too small for a number is the smallest one.
    """
    from scipy.stats import binomtest  # slow to import, and only needed here

    disagreeing = only_first + only_second
    if not disagreeing:
        return 1.0
    return max(float(binomtest(only_first, disagreeing).pvalue), float(np.finfo(np.float64).tiny))


def compare(
    first: Gallery, second: Gallery, class_names: Sequence[str] = (), other_class_names: Sequence[str] = ()
) -> Comparison:
    """Match the images of two galleries of one task by their id, and compare what the networks did with them.

    Args:
        class_names, other_class_names: of the task in the two checkpoints.

    Raises:
        DataError: other data, other classes, ids or labels that do not fit, or no common image.
    """
    if (first.source, first.split) != (second.source, second.split):
        raise DataError(
            f"expected two galleries of the same images, found {first.source} ({first.split}) and {second.source} "
            f"({second.split}); compare networks that were tested on the same data"
        )
    if tuple(class_names) != tuple(other_class_names):
        raise DataError(
            f"expected the same classes in both networks, found {len(class_names)} and {len(other_class_names)}, or "
            "others; compare networks that were trained for the same classes"
        )
    rows, other_rows = _matched(first, second)
    a, b = first.frame.iloc[rows], second.frame.iloc[other_rows]
    if not np.array_equal(a["label"].to_numpy(), b["label"].to_numpy()):
        raise DataError(
            "expected the same label for the same image in both galleries, found others; the data set has changed: "
            "index both with `den index CHECKPOINT`"
        )
    right, other_right = a["correct"].to_numpy(), b["correct"].to_numpy()
    codes = np.where(right, np.where(other_right, 0, 1), np.where(other_right, 2, 3))
    same_blocks = (first.num_blocks, first.num_levels) == (second.num_blocks, second.num_levels)
    images = pd.DataFrame(
        {
            "image_id": a["image_id"].to_numpy(),
            "row": rows,
            "other_row": other_rows,
            "label": a["label"].to_numpy(),
            "prediction": a["prediction"].to_numpy(),
            "other_prediction": b["prediction"].to_numpy(),
            "outcome": pd.Categorical.from_codes(codes, categories=list(OUTCOMES)),
            "macs": a["macs"].to_numpy(),
            "other_macs": b["macs"].to_numpy(),
            "macs_difference": b["macs"].to_numpy() - a["macs"].to_numpy(),
            "structure": a["structure"].to_numpy(),
            "other_structure": b["structure"].to_numpy(),
            "distance": _distances(first, second, rows, other_rows) if same_blocks else np.nan,
        }
    )
    return Comparison(images, len(first) - len(rows), len(second) - len(rows), same_blocks)


def _matched(first: Gallery, second: Gallery) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the common images in both galleries, in the order of the first."""
    ids, other_ids = pd.Index(first.frame["image_id"]), pd.Index(second.frame["image_id"])
    for index in (ids, other_ids):
        if not index.is_unique:
            name = index[index.duplicated()][0]
            raise DataError(f"expected every image_id once in a gallery, found {name!r} twice; index it again")
    places = other_ids.get_indexer(ids)
    rows = np.flatnonzero(places >= 0)
    if not len(rows):
        raise DataError(
            f"expected images that both networks were run on, found none among {len(ids):,} and {len(other_ids):,}; "
            "index both with `den index CHECKPOINT`"
        )
    return rows, places[rows]


def _distances(first: Gallery, second: Gallery, rows: np.ndarray, other_rows: np.ndarray) -> np.ndarray:
    gap = (first.distribution[rows] - second.distribution[other_rows]).reshape(len(rows), -1)
    return np.sqrt(np.einsum("ij,ij->i", gap, gap)).astype(np.float64)


def summary(comparisons: Mapping[str, Comparison]) -> pd.DataFrame:
    """Two networks in numbers, one row per task.

    Returns:
        task, images (matched), accuracy and other_accuracy (fractions), points (second minus first, percentage
        points), p_value, mean_macs and other_mean_macs (selectors included), same_structure (a fraction; nan where
        structures cannot be compared).
    """
    rows = []
    for task, part in comparisons.items():
        images, (first, second) = part.images, part.accuracies
        same = float((images["structure"] == images["other_structure"]).mean()) if part.same_blocks else np.nan
        rows.append(
            {
                "task": task,
                "images": len(images),
                "accuracy": first,
                "other_accuracy": second,
                "points": 100 * (second - first),
                "p_value": part.p_value,
                "mean_macs": float(images["macs"].mean()),
                "other_mean_macs": float(images["other_macs"].mean()),
                "same_structure": same,
            }
        )
    return pd.DataFrame(rows)


def structure_pairs(images: pd.DataFrame, top: int = 15) -> pd.DataFrame:
    """The most frequent pairs of structures that an image has in the first and in the second network.

    Args:
        images: of a `Comparison`.

    Returns:
        structure, other_structure, images, share (a fraction of all), accuracy and other_accuracy (fractions); equal
        counts in the order of the keys.
    """
    right = images.assign(
        accuracy=images["outcome"].isin(("both", "first")), other_accuracy=images["outcome"].isin(("both", "second"))
    )
    found = right.groupby(["structure", "other_structure"], sort=True).agg(
        images=("row", "size"), accuracy=("accuracy", "mean"), other_accuracy=("other_accuracy", "mean")
    )
    found = found.sort_values("images", ascending=False, kind="stable").head(top).reset_index()
    found.insert(3, "share", found["images"] / len(images))
    return found


def macs_bins(difference: np.ndarray, bins: int = 24) -> pd.DataFrame:
    """A histogram of MACs differences with one bin edge at 0, so that less and more expensive are never mixed.

    Args:
        difference: second minus first, (N,).

    Returns:
        low, high, images, rising. A bin holds the differences from the edge that is nearer to 0, itself left out, to
        the other one; the bin from 0 to 0 those without a difference. Empty bins at the ends are left out.
    """
    values = np.asarray(difference, dtype=np.float64)
    reach = float(np.abs(values).max()) if len(values) else 0.0
    rows = [{"low": 0.0, "high": 0.0, "images": int((values == 0).sum())}]
    if reach:
        step = _round_step(2 * reach / bins)
        for sign in (-1, 1):
            places = np.ceil(sign * values[sign * values > 0] / step).astype(int)
            for place, images in enumerate(np.bincount(places)[1:], start=1):
                edges = sorted((sign * (place - 1) * step, sign * place * step))
                rows.append({"low": edges[0], "high": edges[1], "images": int(images)})
    return pd.DataFrame(rows).sort_values(["low", "high"], ignore_index=True)


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 5 · 10^k."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9)))


def in_bin(difference: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which differences belong to a bin of `macs_bins`, bool (N,)."""
    if low == high:
        return difference == low
    return (difference > low) & (difference <= high) if low >= 0 else (difference >= low) & (difference < high)
