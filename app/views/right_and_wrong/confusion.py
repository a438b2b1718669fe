"""Which classes are mixed up: true classes against answers, for one task."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.right_and_wrong import charts
from den_core.analysis.confusion import confusion_table, row_shares
from den_core.analysis.slices import Slice

CHART = "right_confusion"


def show(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str]) -> None:
    """The matrix of one task of the selection; clicking a cell filters the page."""
    st.subheader("Which classes are mixed up")
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    task = where.tasks[0]
    if len(where.tasks) > 1:
        state.forget_unless(state.MATRIX, where.tasks)
        with left:
            task = widgets.choice("Task", where.tasks, titles, key=state.MATRIX)
    # The cell that was clicked is a filter itself: the matrix shows where it stands among the others.
    counts = test_sets.confusion(checkpoint, task, replace(where.of(task), label=None, predicted=None))
    if not counts.sum():
        st.info("No image of this task is in the selection.", icon=":material/filter_alt_off:")
        return
    mistakes = right.toggle("Mistakes only", key=state.MISTAKES, bind="query-params")
    names = cache.classes(checkpoint)[task]
    cell = None
    if where.label in names and where.predicted in names:
        cell = names.index(where.label), names.index(where.predicted)
    wrong = int(counts.sum() - counts.trace())
    widgets.chart(
        charts.confusion_map(counts, row_shares(counts), names, mistakes, cell),
        key=CHART,
        alt=f"True classes of {titles[task]} against the answers",
        data=confusion_table(counts, names),
        name=f"confusion-{task}",
        caption=(
            f"Rows are true classes, columns are answers; n = {int(counts.sum()):,} images, {wrong:,} of them wrong. "
            "The colour is the share of the row's images, so that large classes do not outshine small ones; the "
            "diagonal is right. "
            + ("The scale ends at the largest mistake. " if mistakes else "")
            + "**Click a cell** to see its images below."
        ),
        on_select=_pick,
    )


def _pick() -> None:
    """A cell of the matrix was clicked: its images are wanted."""
    points = widgets.picked(CHART)
    if points:
        state.set_filters(**{state.CLASS: points[0][0], state.PREDICTED: points[0][1]})
