"""What the pages about whole test sets show: use of levels, structures, hard images, right and wrong answers.

Results are small frames, or arrays with an entry per image that are shared and never changed. A slice that takes no
image gives None, not an error: it is an ordinary answer to a filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from app.cache.checkpoints import Checkpoint, classes
from app.cache.galleries import gallery

if TYPE_CHECKING:
    from den_core.analysis.confusion import Grouping, Reliability, Summary
    from den_core.analysis.hardness import Correlation, Overspend
    from den_core.analysis.slices import Slice
    from den_core.analysis.usage import LevelUsage, Reading
    from den_core.checkpoints.gallery import Gallery


@st.cache_resource(max_entries=64, show_spinner=False)
def rows(checkpoint: Checkpoint, task: str, where: Slice) -> np.ndarray:
    """Which images of a task's gallery a slice takes: bool, (N,), to be read only."""
    from den_core.analysis.slices import mask

    return mask(gallery(checkpoint, task), classes(checkpoint)[task], where)


def _slice_of(checkpoint: Checkpoint, where: Slice) -> tuple[dict[str, Gallery], dict[str, np.ndarray]]:
    found = {task: gallery(checkpoint, task) for task in where.tasks}
    return found, {task: rows(checkpoint, task, where) for task in found}


@st.cache_data(max_entries=64, show_spinner="Counting levels …")
def usage(checkpoint: Checkpoint, task: str, where: Slice) -> LevelUsage | None:
    """How often the images of a slice run every block of a task at every level; None where the estimator runs none."""
    from den_core.analysis.usage import level_usage

    chosen = rows(checkpoint, task, where)
    found = gallery(checkpoint, task)
    return level_usage(found, None if chosen.all() else chosen) if (chosen & ~found.early).any() else None


def usage_gap(first: LevelUsage, second: LevelUsage, reading: Reading) -> pd.DataFrame:
    """Level usage of the first images minus the second's, cell by cell, with intervals."""
    from den_core.analysis.usage import difference_table

    return difference_table(first, second, reading)


def usage_table(usage: LevelUsage) -> pd.DataFrame:
    """Both readings of a level usage as rows, to be saved."""
    from den_core.analysis.usage import usage_table

    return usage_table(usage)


@st.cache_data(max_entries=32, show_spinner="Counting structures …")
def structures(checkpoint: Checkpoint, tasks: tuple[str, ...]) -> pd.DataFrame:
    """Every structure that an image of these tasks chose, most chosen first."""
    from den_core.analysis.chosen import structures_in_use, structures_of_tasks

    return structures_of_tasks({task: structures_in_use(gallery(checkpoint, task)) for task in tasks})


@st.cache_data(max_entries=64, show_spinner="Choosing examples …")
def most_chosen(checkpoint: Checkpoint, task: str, top: int, examples: int) -> pd.DataFrame:
    """The most chosen structures of a task, with a seeded sample of the images that chose them."""
    from den_core.analysis.chosen import most_chosen

    return most_chosen(gallery(checkpoint, task), top, examples, seed=0)


@st.cache_data(max_entries=64, show_spinner="Sorting by MACs …")
def groups_by_macs(checkpoint: Checkpoint, task: str, where: Slice, groups: int) -> pd.DataFrame:
    """Accuracy and loss from the cheapest to the most expensive structures; of a slice that takes some image."""
    from den_core.analysis.hardness import by_macs

    return by_macs(gallery(checkpoint, task), rows(checkpoint, task, where), groups)


@st.cache_data(max_entries=64, show_spinner="Sorting by hardness …")
def spending(checkpoint: Checkpoint, task: str, where: Slice, structure: str, groups: int) -> pd.DataFrame:
    """Mean MACs from the images that are easiest for one structure to the hardest; of a slice that takes some."""
    from den_core.analysis.hardness import hardness, spending_by_hardness

    found = gallery(checkpoint, task)
    return spending_by_hardness(found, hardness(found, structure), rows(checkpoint, task, where), groups)


@st.cache_data(max_entries=64, show_spinner="Drawing the images again and again …")
def correlation(checkpoint: Checkpoint, task: str, where: Slice, structure: str) -> Correlation:
    """Rank correlation of the chosen MACs with the loss under one structure, with its bootstrap interval (seed 0)."""
    from den_core.analysis.hardness import hardness, spearman

    found, chosen = gallery(checkpoint, task), rows(checkpoint, task, where)
    return spearman(found.frame["macs"].to_numpy()[chosen], hardness(found, structure)[chosen], seed=0)


@st.cache_resource(max_entries=16, show_spinner="Comparing costs …")
def overspend(checkpoint: Checkpoint, task: str) -> Overspend:
    """Chosen MACs beside those of the cheapest tried structure that is right, for every image of a task."""
    from den_core.analysis.hardness import overspend

    return overspend(gallery(checkpoint, task))


@st.cache_data(max_entries=32, show_spinner="Counting answers …")
def confusion(checkpoint: Checkpoint, task: str, where: Slice) -> np.ndarray:
    """True classes against answers: how many images of a slice, int64 (K, K)."""
    from den_core.analysis.confusion import confusion

    frame, chosen = gallery(checkpoint, task).frame, rows(checkpoint, task, where)
    names = classes(checkpoint)[task]
    return confusion(frame["label"].to_numpy()[chosen], frame["prediction"].to_numpy()[chosen], len(names))


@st.cache_data(max_entries=64, show_spinner=False)
def summary(checkpoint: Checkpoint, where: Slice) -> Summary:
    """The headline numbers of the images of a slice."""
    from den_core.analysis.confusion import summary

    return summary(*_slice_of(checkpoint, where))


@st.cache_data(max_entries=64, show_spinner="Slicing …")
def slices(checkpoint: Checkpoint, where: Slice, by: Grouping) -> pd.DataFrame:
    """Accuracy of the parts of a slice, by task, class, MACs, confidence or structure."""
    from den_core.analysis.confusion import slices

    found, masks = _slice_of(checkpoint, where)
    return slices(found, classes(checkpoint), by, masks)


@st.cache_data(max_entries=64, show_spinner=False)
def reliability(checkpoint: Checkpoint, where: Slice) -> Reliability:
    """How often answers of a given confidence are right, over the images of a slice."""
    from den_core.analysis.confusion import reliability

    found, masks = _slice_of(checkpoint, where)
    confidence = [found[task].frame["confidence"].to_numpy()[masks[task]] for task in found]
    correct = [found[task].frame["correct"].to_numpy()[masks[task]] for task in found]
    return reliability(np.concatenate(confidence), np.concatenate(correct))
