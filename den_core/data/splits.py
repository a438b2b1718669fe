"""Dividing training data: by class, by whole groups, seeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from den_core.config import TaskConfig
from den_core.errors import DataError


class Rows(Protocol):
    """What a division looks at: `ImageSource` and `TaskArrays` have it."""

    @property
    def labels(self) -> np.ndarray: ...

    @property
    def ids(self) -> list[str]: ...

    @property
    def groups(self) -> np.ndarray: ...


def divide_tasks(
    tasks: Sequence[TaskConfig], arrays: Mapping[str, Rows], share: float, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows for training and for validation of every task, see `split_validation`; shared images are divided once.

    Raises:
        DataError: a task has not the images that its `image_of` promises.
    """
    rows = {}
    for task in sorted(tasks, key=lambda task: bool(task.image_of)):
        if not task.image_of:
            found = arrays[task.name]
            rows[task.name] = split_validation(found.labels, found.groups, share, seed)
            continue
        own, other = arrays[task.name].ids, arrays[task.image_of].ids
        if own != other:
            raise DataError(
                f"task {task.name}: expected the {len(other)} images of {task.image_of} in the same order, "
                f"found {len(own)} that differ"
            )
        rows[task.name] = rows[task.image_of]
    return rows


def split_validation(labels: np.ndarray, groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold out about `share` of every class for validation.

    A group is never divided. Groups are drawn in seeded order until a class's share is reached; one that
    would overshoot by more than it closes the gap is passed over, so a class of single-class groups misses
    its share by at most its largest group. A group of several classes counts for the class that most of its
    images have. Every class keeps images to train on; one that has two groups or more gives at least one to
    validation, unless another class needs it for training.

    Args:
        labels: (N,), integers.
        groups: (N,), integers; equal numbers stay together.
        share: in (0, 1).
        seed: same seed, same division.

    Returns:
        Rows for training and rows for validation, int64, ascending, disjoint, together 0 … N-1.

    Raises:
        DataError: a share out of range, no rows, or lengths that differ.
    """
    if not 0 < share < 1:
        raise DataError(f"expected a validation share between 0 and 1, found {share}")
    if len(labels) != len(groups) or len(labels) == 0:
        raise DataError(f"expected one group per label, at least one, found {len(groups)} for {len(labels)}")
    labels = np.unique(np.asarray(labels), return_inverse=True)[1]
    groups = np.unique(np.asarray(groups), return_inverse=True)[1]
    counts = np.zeros((groups.max() + 1, labels.max() + 1), np.int64)  # images per group and class
    np.add.at(counts, (groups, labels), 1)
    owner = counts.argmax(axis=1)

    held_out = np.zeros(len(counts), bool)
    rng = np.random.default_rng(seed)
    for label in range(counts.shape[1]):
        own = rng.permutation(np.flatnonzero(owner == label))
        held_out[_draw(own, counts[own].sum(axis=1), share)] = True
    _return_missing_classes(counts, held_out)

    in_validation = held_out[groups]
    return np.flatnonzero(~in_validation), np.flatnonzero(in_validation)


def _draw(groups: np.ndarray, sizes: np.ndarray, share: float) -> list[int]:
    """Whole groups, in the given order, that come close to `share` of their images; never all of them."""
    goal, filled = share * sizes.sum(), 0
    drawn: list[int] = []
    for group, size in zip(groups, sizes, strict=True):
        if len(drawn) + 1 < len(groups) and abs(filled + size - goal) <= abs(goal - filled):
            drawn.append(int(group))
            filled += size
    if not drawn and len(groups) > 1:
        drawn.append(int(groups[sizes.argmin()]))
    return drawn


def _return_missing_classes(counts: np.ndarray, held_out: np.ndarray) -> None:
    """Give training back the smallest group of every class that it has lost altogether."""
    for label in range(counts.shape[1]):
        has = counts[:, label] > 0
        if held_out[has].all():
            candidates = np.flatnonzero(has)
            held_out[candidates[counts[candidates].sum(axis=1).argmin()]] = False
