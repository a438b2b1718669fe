"""Where accuracy is high and low: the parts of the selection by class, task, MACs, confidence or structure."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.style import task_colors
from app.views.right_and_wrong import charts
from app.views.right_and_wrong.undecided import left_out, whatever_the_answer
from den_core.analysis.confusion import Grouping
from den_core.analysis.slices import Slice
from den_core.structure_keys import is_early, structure_name

GROUPINGS: dict[Grouping, str] = {
    "class": "Class",
    "task": "Task",
    "macs": "MACs",
    "confidence": "Confidence",
    "structure": "Structure",
}
NOTES = {
    "structure": " Of every task the 20 most chosen structures.",
    "macs": " Ranges hold about equally many images, as far as images of equal cost stay together.",
    "confidence": " Confidence is the probability that the network gives its own answer.",
}
MOST_ROWS = 40
CHART = "right_slices"


def show(checkpoint: cache.Checkpoint, selected: Slice, titles: dict[str, str]) -> None:
    """Accuracy of every part with its interval; clicking one makes it the filter."""
    st.subheader("Where accuracy is high and low")
    where = whatever_the_answer(selected)
    overall = test_sets.summary(checkpoint, where).accuracy
    by = widgets.choice("Cut the selection by", list(GROUPINGS), GROUPINGS, key=state.BY)
    table = test_sets.slices(checkpoint, where, by)
    st.session_state[state.INDEXED] = list(cache.tasks_with_gallery(checkpoint))
    if by in ("class", "structure"):
        table = table.sort_values("accuracy", kind="stable").reset_index(drop=True)
    part = table.head(MOST_ROWS)
    own = {task: titles[task] for task in where.tasks}
    names = [_slice_name(row, by, own) for row in part.itertuples()]
    shown = f" The {MOST_ROWS} lowest of {len(table):,} are drawn; the CSV has all." if len(table) > MOST_ROWS else ""
    note = NOTES.get(by, "")
    widgets.chart(
        charts.slice_dots(part, names, task_colors(list(titles)), titles, overall),
        key=CHART,
        alt=f"Accuracy by {GROUPINGS[by].lower()}",
        data=table,
        name=f"slices-by-{by}",
        caption=(
            "A point is the accuracy of a part of the selection, its bar the 95 % interval (long where there are few "
            f"images), the dotted line the accuracy of all of them, {widgets.percent(overall)}.{note}{shown} "
            "**Click a point** to make it the filter." + left_out(selected, where)
        ),
        on_select=_pick,
    )
    with st.expander("The same as a table"):
        widgets.table(_people_table(table, by, own), name=f"slices-by-{by}", key="right_slices_table")


def _pick() -> None:
    """A slice was clicked: it becomes the filter."""
    points = widgets.picked(CHART)
    if not points:
        return
    task, group, start, end = points[0][:4]
    by = st.session_state.get(state.BY)
    filters = {state.SCOPE: task} if len(st.session_state.get(state.INDEXED, ())) > 1 else {}
    state.set_filters(**filters, **filters_of(by, group, start, end))


def filters_of(by: str | None, group: str, start: float, end: float) -> dict[str, Any]:
    """The filters that take the images of one slice, as `den_core.analysis.confusion.slices` describes it."""
    if by == "class":
        return {state.CLASS: group}
    if by == "structure":
        return {state.ANSWERED: "selector", state.STRUCTURE: ""} if is_early(group) else {state.STRUCTURE: group}
    if by == "macs":
        return {state.MACS: (int(start / 1e6), int(end / 1e6))}
    if by == "confidence":
        return {state.CONFIDENCE: (round(100 * start), round(100 * end))}
    return {}


def _slice_name(row, by: Grouping, titles: dict[str, str]) -> str:
    """A slice in words; with its task where there are several."""
    task = titles[row.task]
    if by == "task":
        return task
    if by == "macs":
        name = f"{row.start / 1e6:.0f}–{row.end / 1e6:.0f} M MACs"
    elif by == "confidence":
        name = f"{100 * row.start:.0f}–{100 * row.end:.0f} %"
    else:
        name = structure_name(row.group) if by == "structure" else row.group
    return name if len(titles) == 1 else f"{name} · {task}"


def _people_table(table: pd.DataFrame, by: Grouping, titles: dict[str, str]) -> pd.DataFrame:
    """Slices for people: per cent and millions."""
    return pd.DataFrame(
        {
            GROUPINGS[by]: [_slice_name(row, by, titles) for row in table.itertuples()],
            "Images": table["images"],
            "Accuracy (%)": (100 * table["accuracy"]).round(1),
            "From (%)": (100 * table["low"]).round(1),
            "To (%)": (100 * table["high"]).round(1),
            "Mean MACs (M)": (table["macs"] / 1e6).round(2),
            "Mean confidence (%)": (100 * table["confidence"]).round(1),
        }
    )
