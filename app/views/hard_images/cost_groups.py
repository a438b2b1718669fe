"""Images from the cheapest to the most expensive structure: accuracy, loss and examples of every group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.hard_images import charts
from app.widgets import grids
from den_core.analysis import hardness as analysis
from den_core.analysis.slices import Slice

STRIP_IMAGES, STRIP_LENGTH = 48, 6
"Pictures in all strips together, and in one strip, at most."
CHART = "hard_groups"


def show(checkpoint: cache.Checkpoint, task: str, where: Slice, most_groups: int, color: str) -> None:
    """The chart, a strip of examples per group, and all images of the group that was clicked.

    Args:
        most_groups: that the images are divided into.
        color: of the task.
    """
    st.subheader("Images from the cheapest to the most expensive structure")
    table = test_sets.groups_by_macs(checkpoint, task, where, most_groups)
    chosen = test_sets.rows(checkpoint, task, where)
    macs = cache.gallery(checkpoint, task).frame["macs"].to_numpy()
    distinct = len(np.unique(macs[chosen]))
    asked = st.query_params.get(state.GROUP, "")
    shown = int(asked) if asked.isdecimal() and 1 <= int(asked) <= len(table) else None
    widgets.chart(
        charts.macs_groups(table, color, None if shown is None else shown - 1),
        key=CHART,
        alt="Accuracy and mean loss of the images by the MACs that were spent on them",
        data=table,
        name="groups-by-macs",
        caption=(
            f"**{len(table)} groups instead of {most_groups}**"
            if len(table) < most_groups
            else f"**{most_groups} groups**"
        )
        + (
            f": {int(table['images'].sum()):,} images, but only {distinct} different costs, and images of equal cost "
            "stay together instead of being divided by chance. The larger a point, the more images. Bars are 95 % "
            "intervals. The loss is −log of the probability that the answer gives the true class. Lower "
            "accuracy at more MACs is no fault: it is what spending more on hard images looks like. **Click a point** "
            "for its images."
        ),
        on_select=_picked,
    )
    group = analysis.tied_groups(macs[chosen], most_groups)
    positions = np.flatnonzero(chosen)
    members = [positions[group == number] for number in range(len(table))]
    _strips(checkpoint, task, table, members)
    if shown is not None:
        _all_of(checkpoint, task, shown, members[shown - 1])


def _picked() -> None:
    """A group by MACs was clicked: its images are wanted."""
    points = widgets.picked(CHART)
    if points:
        state.set_parameter(state.GROUP, str(int(points[0][0])))


def _strips(checkpoint: cache.Checkpoint, task: str, table: pd.DataFrame, members: list[np.ndarray]) -> None:
    """Every group with a few of its images."""
    generator, length = np.random.default_rng(0), min(STRIP_IMAGES // len(table), STRIP_LENGTH)
    for entry, positions in zip(table.itertuples(), members, strict=True):
        sample = np.sort(generator.choice(positions, size=min(length, len(positions)), replace=False))
        text, pictures = st.columns([2, 3], vertical_alignment="center")
        low, high = (f"{value / 1e6:.1f}" for value in (entry.macs_low, entry.macs_high))
        macs = low if low == high else f"{low}–{high}"
        text.markdown(
            f"**Group {entry.group + 1}** · {macs} M MACs · {_what_ran(entry)}  \n{entry.images:,} images · "
            f"{widgets.percent(entry.accuracy)} right ({widgets.percent(entry.low, 0)}–"
            f"{widgets.percent(entry.high, 0)}) · mean loss {entry.loss:.2f} nats"
        )
        text.button(
            "All images of the group",
            key=f"hard_group_{entry.group}",
            on_click=state.set_parameter,
            args=(state.GROUP, str(entry.group + 1)),
            type="tertiary",
        )
        with pictures:
            grids.of_task(checkpoint, task, sample, f"hard_strip_{entry.group}", None, size=56)
    st.caption("Examples: a random sample (seed 0) of each group.")


def _what_ran(entry: Any) -> str:
    """How many structures the images of a group got, and how many images none, since the selector answered."""
    if entry.early == entry.images:
        return "answered early"
    structures = f"{entry.structures} structure{'' if entry.structures == 1 else 's'}"
    return f"{structures}, {entry.early:,} images answered early" if entry.early else structures


def _all_of(checkpoint: cache.Checkpoint, task: str, number: int, positions: np.ndarray) -> None:
    """All images of one group."""
    grids.of_task(checkpoint, task, positions, "hard_group_images", f"**Images of group {number}**")
    st.button("Close", key="hard_group_close", on_click=state.set_parameter, args=(state.GROUP, None), type="tertiary")
