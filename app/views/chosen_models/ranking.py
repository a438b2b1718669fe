"""The most chosen structures, and how varied the choices are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.style import task_colors
from app.views.chosen_models import charts, images
from app.views.chosen_models.coverage import SHARE
from den_core.analysis.chosen import covering, effective_number, head_and_tail
from den_core.structure_keys import drawn_levels, is_early

TOP = 15
CHART = "chosen_histogram"


def show_numbers(table: pd.DataFrame) -> None:
    """How varied the choices are, in four numbers."""
    counts, early = table["images"].to_numpy(), table["structure"].map(is_early).to_numpy(dtype=bool)
    share = counts[early].sum() / counts.sum()
    answered = (
        "Answered early",
        widgets.percent(share),
        "Share of the images that the selector answers by itself: no block runs. In the next numbers they count as one "
        "more structure.",
    )
    widgets.metric_row(
        [
            ("Images", f"{counts.sum():,}", "Test images counted."),
            ("Structures", f"{(~early).sum():,}", "At least one image chose each of them."),
            *([answered] if share else []),
            (
                "Effective number",
                f"{effective_number(counts):.1f}",
                "As varied as this many structures that are all used equally often (exp of the entropy).",
            ),
            (
                f"Cover {100 * SHARE:.0f} %",
                f"{covering(counts, SHARE):,}",
                f"The fewest structures that together serve {100 * SHARE:.0f} % of the images.",
            ),
        ]
    )


def show(checkpoint: cache.Checkpoint, table: pd.DataFrame, tasks: list[str], titles: dict[str, str]) -> None:
    """The ranking with its long tail, coloured by task."""
    counts = head_and_tail(table, tasks, TOP)
    top = table.head(TOP)
    others = len(table) - len(top)
    levels = drawn_levels(top["structure"], len(top["structure"].iloc[0]))
    total = int(table["images"].sum())
    widgets.chart(
        charts.chosen_histogram(
            counts,
            levels,
            cache.info(checkpoint).network.backbone.num_levels,
            task_colors(list(titles)),
            titles,
            total,
            f"{others:,} more structures",
            st.query_params.get(state.PICKED),
        ),
        key=CHART,
        alt="The most chosen structures and how many images chose each",
        data=counts.rename_axis("structure").reset_index(),
        name="chosen-structures",
        caption=(
            f"Each row is a structure: on the left its level in every block, on the right how many of the {total:,} "
            f"test images chose it. The {len(top)} most chosen of {len(table):,} are shown"
            + (f", the last bar counts all {others:,} others together" if others else "")
            + (". No colours: answered early by the selector" if table["structure"].map(is_early).any() else "")
            + ". **Click a bar** for its images."
        ),
        on_select=_pick,
    )


def _pick() -> None:
    """A bar was clicked: its images are wanted; the tail has no structure."""
    points = widgets.picked(CHART)
    if points and points[0][0]:
        images.want(points[0][0])
