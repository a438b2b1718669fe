"""How far the network's confidence can be trusted: accuracy against confidence."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.right_and_wrong import charts
from app.views.right_and_wrong.undecided import left_out, whatever_the_answer
from den_core.analysis.slices import Slice

CHART = "right_reliability"


def show(checkpoint: cache.Checkpoint, selected: Slice) -> None:
    """The diagram of the selection, whatever the filter on confidence; nothing where there is no image."""
    st.subheader("How far can its confidence be trusted")
    where = whatever_the_answer(selected)
    found = test_sets.reliability(checkpoint, replace(where, confidence=None))
    if math.isnan(found.error):
        return
    tendency = "too sure of itself" if found.gap > 0 else "less sure of itself than it could be"
    widgets.chart(
        charts.reliability_diagram(found.bins),
        key=CHART,
        alt="Accuracy against confidence, and how many images have that confidence",
        data=found.bins,
        name="reliability",
        caption=(
            f"**Expected calibration error {widgets.percent(found.error)}**; mean confidence minus accuracy "
            f"{100 * found.gap:+.1f} points, so on the whole it is {tendency}. Answers of equal confidence are put "
            "together in steps of 10 %: were 70 % sure answers right 70 % of the time, the points would lie on the "
            "dotted line; below it the network is too sure. Bars are 95 % intervals; the calibration error is the mean "
            f"distance from the line, weighted by images (n = {found.images:,}; with few images it comes out too "
            "large). **Click a point** to make it the filter."
            + left_out(selected, where)
            + (" The filter on confidence does not apply here." if where.confidence else "")
        ),
        on_select=_pick,
    )


def _pick() -> None:
    """A range of confidence was clicked: it becomes the filter."""
    points = widgets.picked(CHART)
    if points:
        start, end = points[0][:2]
        state.set_filters(**{state.CONFIDENCE: (round(100 * start), round(100 * end))})
