"""Where a network is right and wrong: confusion between classes, accuracy of slices, and how far confidence is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from den_core.analysis.hardness import tied_groups
from den_core.errors import DataError
from den_core.evaluation.intervals import wilson

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

Grouping = Literal["task", "class", "macs", "confidence", "structure"]

CONFIDENCE_BINS = 10
MACS_GROUPS = 5
MACS_STEP = 1_000_000
"Ranges of MACs start and end at multiples of this, so that they can be said, and set as a filter."


def confusion(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """How many images of every class got every answer: int64 (K, K), rows true classes, columns answers.

    Raises:
        DataError: a label or a prediction that is no class.
    """
    labels, predictions = np.asarray(labels, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    for name, values in (("labels", labels), ("predictions", predictions)):
        if len(values) and (values.min() < 0 or values.max() >= num_classes):
            raise DataError(
                f"expected {name} from 0 to {num_classes - 1}, found {int(values.min())} to {int(values.max())}; "
                "write the gallery again with `den index`"
            )
    flat = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return flat.reshape(num_classes, num_classes)


def row_shares(counts: np.ndarray) -> np.ndarray:
    """The share of a class's images that got an answer: rows divided by their sums; nan for a class without images."""
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), np.nan)


def confusion_table(counts: np.ndarray, class_names: Sequence[str]) -> pd.DataFrame:
    """The cells that occur, as rows, the most frequent mistakes first and right answers after them.

    Returns:
        class_name, answer, images, share (of the images of the class).
    """
    labels, answers = np.nonzero(counts)
    names = np.asarray(class_names, dtype=object)
    table = pd.DataFrame(
        {
            "class_name": names[labels],
            "answer": names[answers],
            "images": counts[labels, answers],
            "share": row_shares(counts)[labels, answers],
        }
    )
    right = labels == answers
    return table.iloc[np.lexsort((-table["images"], right))].reset_index(drop=True)


@dataclass(frozen=True)
class Summary:
    """The headline numbers of a set of images; nan where there is none."""

    images: int
    accuracy: float
    low: float
    "Lower limit of accuracy's 95 % interval (Wilson)."
    high: float
    macs: float
    "Mean per image, selector included."
    confidence: float
    "Mean probability of the answer."


def summary(galleries: Mapping[str, Gallery], masks: Mapping[str, np.ndarray] | None = None) -> Summary:
    """The headline numbers of images of several tasks, every image counting the same.

    Args:
        masks: which images of a task, bool (N,); all of a task that has no mask here, all tasks when left out.
    """
    images = right = 0
    macs = confidence = 0.0
    for task, gallery in galleries.items():
        frame = gallery.frame
        mask = np.ones(len(gallery), dtype=bool) if masks is None or task not in masks else masks[task]
        images += int(mask.sum())
        right += int(frame["correct"].to_numpy()[mask].sum())
        macs += float(frame["macs"].to_numpy()[mask].sum())
        confidence += float(frame["confidence"].to_numpy()[mask].sum(dtype=np.float64))
    if not images:
        nan = float("nan")
        return Summary(0, nan, 0.0, 1.0, nan, nan)
    low, high = wilson(right, images)
    return Summary(images, right / images, float(low), float(high), macs / images, confidence / images)


def slices(
    galleries: Mapping[str, Gallery],
    classes: Mapping[str, Sequence[str]],
    by: Grouping,
    masks: Mapping[str, np.ndarray] | None = None,
    top: int = 20,
) -> pd.DataFrame:
    """Accuracy of the images of each task, class, range of MACs, range of confidence or structure.

    Args:
        classes: class names by task.
        masks: which images of a task, bool (N,); all when left out.
        top: how many structures of a task, the most chosen ones.

    Returns:
        task, group (a name; "" for ranges), start, end (of a range, MACs or a fraction; nan for names), images,
        accuracy with low, high (95 %), macs (mean, selector included), confidence (mean). Only groups with images;
        ranges rise, structures fall in images, the others come in the order of the checkpoint.
    """
    parts = [
        _task_slices(task, gallery, classes[task], by, None if masks is None else masks[task], top)
        for task, gallery in galleries.items()
    ]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_COLUMNS))


_COLUMNS = ("task", "group", "start", "end", "images", "accuracy", "low", "high", "macs", "confidence")


def _task_slices(
    task: str, gallery: Gallery, class_names: Sequence[str], by: Grouping, mask: np.ndarray | None, top: int
) -> pd.DataFrame:
    frame = gallery.frame if mask is None else gallery.frame[mask]
    if frame.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    code, groups = _GROUPINGS[by](task, frame, class_names)
    images = np.bincount(code, minlength=len(groups))
    divisor = np.maximum(images, 1)
    right, macs, confidence = (
        np.bincount(code, weights=frame[column].to_numpy(), minlength=len(groups))
        for column in ("correct", "macs", "confidence")
    )
    low, high = wilson(right, images)
    table = pd.DataFrame(groups, columns=["group", "start", "end"]).astype({"start": float, "end": float})
    table.insert(0, "task", task)
    table = table.assign(
        images=images,
        accuracy=right / divisor,
        low=low,
        high=high,
        macs=macs / divisor,
        confidence=confidence / divisor,
    )
    if by == "structure":
        table = table.iloc[np.argsort(-images, kind="stable")].head(top)
    return table[table["images"] > 0]


_Groups = tuple[np.ndarray, list[tuple[str, float, float]]]
NAN = float("nan")


def _by_task(task: str, frame: pd.DataFrame, class_names: Sequence[str]) -> _Groups:
    return np.zeros(len(frame), dtype=np.int64), [(task, NAN, NAN)]


def _by_class(task: str, frame: pd.DataFrame, class_names: Sequence[str]) -> _Groups:
    return frame["label"].to_numpy().astype(np.int64), [(name, NAN, NAN) for name in class_names]


def _by_macs(task: str, frame: pd.DataFrame, class_names: Sequence[str]) -> _Groups:
    whole = frame["macs"].to_numpy() // MACS_STEP
    code = tied_groups(whole, MACS_GROUPS)
    order = np.argsort(code, kind="stable")
    edges = np.searchsorted(code[order], np.arange(code.max() + 1))
    start, end = (np.minimum.reduceat(whole[order], edges), np.maximum.reduceat(whole[order], edges) + 1)
    return code, [("", float(a * MACS_STEP), float(b * MACS_STEP)) for a, b in zip(start, end, strict=True)]


def _by_confidence(task: str, frame: pd.DataFrame, class_names: Sequence[str]) -> _Groups:
    code = confidence_bin(frame["confidence"].to_numpy())
    edges = np.arange(CONFIDENCE_BINS + 1) / CONFIDENCE_BINS
    return code, [("", float(a), float(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _by_structure(task: str, frame: pd.DataFrame, class_names: Sequence[str]) -> _Groups:
    code, keys = pd.factorize(frame["structure"], sort=True)
    return code, [(str(key), NAN, NAN) for key in keys]


_GROUPINGS = {
    "task": _by_task,
    "class": _by_class,
    "macs": _by_macs,
    "confidence": _by_confidence,
    "structure": _by_structure,
}


def confidence_bin(confidence: np.ndarray) -> np.ndarray:
    """Which of ten equally wide bins a confidence falls into, a limit into the upper, 1 into the last: int64 (N,)."""
    place = (np.asarray(confidence, dtype=np.float64) * CONFIDENCE_BINS).astype(np.int64)
    return np.minimum(place, CONFIDENCE_BINS - 1)


@dataclass(frozen=True)
class Reliability:
    """How often answers of a given confidence are right."""

    bins: pd.DataFrame
    "start, end, images, confidence (mean), accuracy with low, high (95 %); bins without images are left out."
    error: float
    "Expected calibration error: mean over images of |accuracy - confidence| of their bin, a fraction; nan of nothing."
    gap: float
    "Mean confidence minus accuracy, a fraction: above 0 the network is too sure of itself; nan of nothing."
    images: int


def reliability(confidence: np.ndarray, correct: np.ndarray) -> Reliability:
    """Confidence against accuracy in ten equally wide bins.

    Args:
        confidence: probability of the answer, (N,), in [0, 1].
        correct: whether the answer is right, bool (N,).
    """
    confidence = np.asarray(confidence, dtype=np.float64)
    code = confidence_bin(confidence)
    images = np.bincount(code, minlength=CONFIDENCE_BINS)
    right = np.bincount(code, weights=correct, minlength=CONFIDENCE_BINS)
    divisor = np.maximum(images, 1)
    mean = np.bincount(code, weights=confidence, minlength=CONFIDENCE_BINS) / divisor
    low, high = wilson(right, images)
    bins = pd.DataFrame(
        {
            "start": np.arange(CONFIDENCE_BINS) / CONFIDENCE_BINS,
            "end": np.arange(1, CONFIDENCE_BINS + 1) / CONFIDENCE_BINS,
            "images": images,
            "confidence": mean,
            "accuracy": right / divisor,
            "low": low,
            "high": high,
        }
    )
    bins = bins[images > 0].reset_index(drop=True)
    if bins.empty:
        return Reliability(bins, NAN, NAN, 0)
    weight = bins["images"] / bins["images"].sum()
    error = float((weight * (bins["accuracy"] - bins["confidence"]).abs()).sum())
    return Reliability(bins, error, float(confidence.mean() - np.mean(correct)), len(confidence))
