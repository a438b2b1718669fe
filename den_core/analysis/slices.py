"""A choice of images out of the galleries, by what they are and by what the network did with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from den_core.checkpoints.gallery import Gallery
from den_core.errors import StructureError

COLUMNS = ("correct", "confidence", "label_probability", "structure", "macs", "params")


@dataclass(frozen=True)
class Slice:
    """Which images are meant; every field narrows the choice, the default takes all.

    Args:
        tasks: names; none for all.
        label, predicted: name of the true class, of the class that was answered.
        correct: whether the answer is right.
        structure: pattern, see `matches`; empty for all. An early answer has no structure, so none fits it.
        macs: smallest and largest MACs, both included, with the selector.
        confidence: smallest and largest probability of the answer, both included, fractions.
        block, level: images that run this block at this level; both or none.
        early: whether the selector answered and the estimator did not run.
    """

    tasks: tuple[str, ...] = ()
    label: str | None = None
    predicted: str | None = None
    correct: bool | None = None
    structure: str = ""
    macs: tuple[float, float] | None = None
    confidence: tuple[float, float] | None = None
    block: int | None = None
    level: int | None = None
    early: bool | None = None

    def of(self, task: str) -> Slice:
        """The same choice within one task."""
        return replace(self, tasks=(task,))


def pattern_expression(pattern: str) -> re.Pattern[str]:
    """A structure pattern as a regular expression for whole keys.

    Raises:
        StructureError: anything but digits, ? and *.
    """
    if not re.fullmatch(r"[0-9?*]*", pattern):
        raise StructureError(f"expected digits, ? for one block and * for several, found {pattern!r} as a structure")
    return re.compile(pattern.replace("?", "[0-9]").replace("*", "[0-9]*"))


def matches(structures: Iterable[str], pattern: str) -> np.ndarray:
    """Whether structure keys fit a pattern: a digit is that level, ? any level of one block, * any run of blocks.

    Args:
        pattern: such as "33*1"; an empty one fits every key.

    Returns:
        bool, one per structure.

    Raises:
        StructureError: the pattern holds anything but digits, ? and *.
    """
    expression = pattern_expression(pattern)
    keys = list(structures)
    if not pattern:
        return np.ones(len(keys), dtype=bool)
    return np.fromiter((expression.fullmatch(key) is not None for key in keys), dtype=bool, count=len(keys))


def mask(gallery: Gallery, class_names: Sequence[str], where: Slice) -> np.ndarray:
    """Which images of one gallery a slice takes: bool, (N,).

    A class that the task does not have, like a block or level it does not have, takes none of its images.

    Raises:
        StructureError: a pattern that is none.
    """
    N, frame = len(gallery), gallery.frame
    if where.tasks and gallery.task not in where.tasks:
        return np.zeros(N, dtype=bool)
    chosen = np.ones(N, dtype=bool)
    for name, column in ((where.label, "label"), (where.predicted, "prediction")):
        if name is not None:
            known = name in class_names
            chosen &= frame[column].to_numpy() == (class_names.index(name) if known else -1)
    if where.correct is not None:
        chosen &= frame["correct"].to_numpy() == where.correct
    if where.structure:
        codes, keys = pd.factorize(frame["structure"])
        chosen &= matches(keys, where.structure)[codes]
    for limits, column in ((where.macs, "macs"), (where.confidence, "confidence")):
        if limits is not None:
            values = frame[column].to_numpy()
            chosen &= (values >= limits[0]) & (values <= limits[1])
    if where.block is not None and where.level is not None:
        exists = 0 <= where.block < gallery.num_blocks
        chosen &= gallery.levels[:, where.block] == where.level if exists else False
        chosen &= ~gallery.early
    if where.early is not None:
        chosen &= gallery.early == where.early
    return chosen


def select(galleries: Mapping[str, Gallery], classes: Mapping[str, Sequence[str]], where: Slice) -> pd.DataFrame:
    """The images of a slice, in the order of the galleries and of their rows.

    Args:
        galleries: by task.
        classes: class names by task.

    Returns:
        task, row (position in the task's gallery), image_id, class_name, answer, correct, confidence,
        label_probability, structure, macs, params; no rows where nothing fits.

    Raises:
        StructureError: a pattern that is none.
    """
    parts = [_rows(gallery, classes[task], mask(gallery, classes[task], where)) for task, gallery in galleries.items()]
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else parts[0]


def _rows(gallery: Gallery, class_names: Sequence[str], chosen: np.ndarray) -> pd.DataFrame:
    rows, names = np.flatnonzero(chosen), np.asarray(class_names, dtype=object)
    frame = gallery.frame.iloc[rows].reset_index(drop=True)
    start = pd.DataFrame(
        {
            "task": gallery.task,
            "row": rows,
            "image_id": frame["image_id"],
            "class_name": names[frame["label"].to_numpy()],
            "answer": names[frame["prediction"].to_numpy()],
        }
    )
    return pd.concat([start, frame[list(COLUMNS)]], axis=1)
