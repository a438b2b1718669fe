"""Which levels the images of every task get, block by block."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import test_sets
from app.views.level_usage import cells, charts
from den_core.analysis.slices import Slice
from den_core.analysis.usage import LevelUsage, Reading

READINGS: dict[Reading, str] = {"probability": "Mean probability", "frequency": "Share of images"}
"What a cell can show."
CHART = "usage_maps"


def show(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str], reading: Reading, wanted: Slice) -> None:
    """One heatmap per task, with the chosen cell framed where one task is meant.

    Args:
        where: the images that are counted.
        reading: of READINGS.
        wanted: the same images with the chosen cell, as `usage_cells.choice` returns them.
    """
    usages = {task: test_sets.usage(checkpoint, task, where.of(task)) for task in where.tasks}
    shown = {task: usage for task, usage in usages.items() if usage is not None}
    if not shown:
        st.info("No image that the estimator runs is in this selection.", icon=":material/filter_alt_off:")
        return
    framed = None
    if len(wanted.tasks) == 1 and wanted.block is not None and wanted.level is not None:
        framed = (wanted.tasks[0], wanted.block, wanted.level)
    split = cache.gallery(checkpoint, next(iter(shown))).split
    data = pd.concat(
        [test_sets.usage_table(usage).assign(task=task, images=usage.images) for task, usage in shown.items()]
    )
    widgets.chart(
        charts.usage_maps(
            {task: usage.reading(reading) for task, usage in shown.items()},
            {task: f"{titles[task]} (n = {usage.images:,})" for task, usage in shown.items()},
            READINGS[reading],
            framed,
        ),
        key=CHART,
        alt=f"{READINGS[reading]} of every level in every block, one map per task",
        data=data,
        name="level-usage",
        caption=(
            "Each column is a block of the network, from the first to the last; each row is how much of it is used. "
            "The brighter a cell, the more often that level is used there; every column sums to 100 %. "
            f"n is the number of {split} images that the estimator runs{_answered_early(shown, titles)}. "
            "**Click a cell** to see the images that run there."
        ),
        on_select=lambda: cells.pick(CHART, with_task=True),
    )
    empty = [titles[task] for task in usages if task not in shown]
    if empty:
        st.caption(f"No image of {widgets.literal(', '.join(empty))} that the estimator runs is in this selection.")


def _answered_early(shown: dict[str, LevelUsage], titles: dict[str, str]) -> str:
    """How many images have no level, since the selector answered them."""
    counts = {task: usage.early for task, usage in shown.items() if usage.early}
    if not counts:
        return ""
    words = ", ".join(f"{count:,} of {widgets.literal(titles[task])}" for task, count in counts.items())
    return f"; the selector answered others early ({words})"
