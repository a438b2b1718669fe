"""Level usage of any group of images minus that of any other."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.level_usage import cells, charts
from app.views.level_usage.maps import READINGS
from den_core.analysis.slices import Slice
from den_core.analysis.usage import Reading

VERDICTS = {widgets.ANY: "Right or wrong", "right": "✓ Right", "wrong": "✗ Wrong"}
SIDES = (
    ("A", state.FIRST, state.FIRST_CLASS, state.FIRST_CORRECT),
    ("B", state.SECOND, state.SECOND_CLASS, state.SECOND_CORRECT),
)
SIDE_IMAGES = 12
CHART = "usage_difference"


def show(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str], reading: Reading) -> None:
    """Two groups to choose, the map of their difference, and images of both.

    Args:
        reading: of READINGS.
    """
    st.subheader("Where do two groups of images differ?")
    slices = []
    for place, column in enumerate(st.columns(2, gap="medium")):
        with column, st.container(border=True):
            slices.append(_side(checkpoint, tasks, titles, place))
    if slices[0] == slices[1]:
        st.info("A and B are the same images. Choose another task, class or verdict for one of them.")
        return
    first, second = (test_sets.usage(checkpoint, where.tasks[0], where) for where in slices)
    names = [_title(where, titles) for where in slices]
    if first is None or second is None:
        empty = names[0] if first is None else names[1]
        st.info(
            f"No test image that the estimator runs is in the group {widgets.literal(empty)}.",
            icon=":material/filter_alt_off:",
        )
        return
    only_clear = st.toggle("Leave out what may be noise", key=state.CLEAR, bind="query-params")
    table = test_sets.usage_gap(first, second, reading)
    shared = _shared(checkpoint, *slices)
    widgets.chart(
        charts.difference_map(table, f"A, {names[0]}", f"B, {names[1]}", only_clear, cells.chosen()),
        key=CHART,
        alt=f"Level usage of {names[0]} minus {names[1]}",
        data=table,
        name="level-usage-difference",
        caption=_caption(table, [first, second], names, reading, shared),
        on_select=lambda: cells.pick(CHART, with_task=False),
    )
    _images(checkpoint, slices, names)


def _side(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str], place: int) -> Slice:
    """One of the two slices of the difference."""
    name, task_key, class_key, correct_key = SIDES[place]
    st.markdown(f"**{name}**")
    # Two tasks by default; right against wrong where there is only one.
    task = cells.listed(st, f"Task {name}", tasks, task_key, titles, index=min(place, len(tasks) - 1))
    left, right = st.columns(2)
    classes = [widgets.ANY, *dict.fromkeys(cache.classes(checkpoint)[task])]
    label = cells.listed(left, f"Class {name}", classes, class_key, {widgets.ANY: "Any class"})
    verdict = 1 + place if len(tasks) == 1 else 0
    correct = cells.listed(right, f"Verdict {name}", list(VERDICTS), correct_key, VERDICTS, index=verdict)
    return Slice(
        tasks=(task,),
        label=None if label == widgets.ANY else label,
        correct=None if correct == widgets.ANY else correct == "right",
    )


def _title(where: Slice, titles: dict[str, str]) -> str:
    """A slice in words."""
    parts = [titles[where.tasks[0]], where.label or ""]
    if where.correct is not None:
        parts.append("right answers" if where.correct else "wrong answers")
    return ", ".join(part for part in parts if part)


def _shared(checkpoint: cache.Checkpoint, first: Slice, second: Slice) -> int:
    """How many images that the estimator runs are in both slices."""
    if first.tasks != second.tasks:
        return 0
    task = first.tasks[0]
    both = test_sets.rows(checkpoint, task, first) & test_sets.rows(checkpoint, task, second)
    return int((both & ~cache.gallery(checkpoint, task).early).sum())


def _caption(table: pd.DataFrame, usages: list, names: list[str], reading: Reading, shared: int) -> str:
    """How to read the difference, and how far to trust it."""
    clear = int(table["clear"].sum())
    text = (
        f"{READINGS[reading]} of **A** ({widgets.literal(names[0])}, n = {usages[0].images:,}) minus that of **B** "
        f"({widgets.literal(names[1])}, n = {usages[1].images:,}). A number is a difference in percentage points whose "
        f"95 % interval leaves out 0: {clear} of {len(table)} cells. A dot marks what may be noise. If A and B used "
        f"levels alike, about {0.05 * len(table):.0f} numbers would still appear by chance."
    )
    if min(usage.images for usage in usages) < 10:
        text += " With fewer than 10 images in a group nothing is called a difference."
    if shared:
        text += f" {shared:,} images are in both groups, which makes the intervals too wide rather than too narrow."
    return text


@st.fragment
def _images(checkpoint: cache.Checkpoint, slices: list[Slice], names: list[str]) -> None:
    """The images of both groups that run the chosen cell, side by side."""
    if (cell := cells.chosen()) is None:
        st.caption("Click a cell to see images of both groups that run there.")
        return
    block, level = cell
    for column, where, name, letter in zip(st.columns(2, gap="medium"), slices, names, "AB", strict=True):
        with column:
            widgets.image_grid(
                checkpoint,
                cache.selection(checkpoint, replace(where, block=block, level=level)),
                key=f"usage_images_{letter}",
                per_page=SIDE_IMAGES,
                heading=f"**{letter}: {widgets.literal(name)}**, block {block} at level {level}",
            )
