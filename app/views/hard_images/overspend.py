"""Would a cheaper model have done? What was spent beyond the cheapest structure that would have been right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.hard_images import charts
from app.widgets import grids
from den_core.analysis import hardness as analysis
from den_core.analysis.slices import Slice

WORST = 24
OUTCOME_CHART, HISTOGRAM_CHART = "hard_outcomes", "hard_overspend"


def show(checkpoint: cache.Checkpoint, task: str, where: Slice) -> None:
    """What was spent beyond the cheapest structure that would have been right."""
    st.subheader("Would a cheaper model have done?")
    spent, chosen = test_sets.overspend(checkpoint, task), test_sets.rows(checkpoint, task, where)
    table = analysis.outcome_table(spent, chosen).set_index("outcome", drop=False)
    over = spent.macs[chosen & (spent.macs > 0)]
    taken = float(spent.chosen_macs[chosen].sum())
    widgets.metric_row(
        [
            (
                "Cheaper would do",
                widgets.percent(table.at["cheaper", "share"]),
                "Share of images for which a tried structure with fewer MACs than the chosen one is right.",
            ),
            (
                "Beyond need",
                widgets.percent(float(over.sum()) / taken if taken else 0.0),
                "MACs beyond the cheapest right structure, summed over those images, as a share of all MACs that these "
                "images' structures took; selector in neither.",
            ),
            (
                "None is right",
                widgets.percent(table.at["none", "share"] + table.at["untried", "share"]),
                "Share of images that none of the tried structures gets right, at whatever cost.",
            ),
        ]
    )
    gallery = cache.gallery(checkpoint, task)
    _outcomes(table, gallery.tried, int((gallery.early & chosen).sum()))
    bins = analysis.overspend_bins(spent, chosen)
    if len(bins):
        _histogram(bins)
    _images(checkpoint, task, spent, chosen, bins)


def _outcomes(table: pd.DataFrame, tried: Sequence[str], early: int) -> None:
    """How many images a cheaper structure would have served.

    Args:
        early: how many of them the selector answered.
    """
    kind, name = _clicked()
    widgets.chart(
        charts.outcome_bars(table[table["images"] > 0], analysis.OUTCOMES, name if kind == "outcome" else None),
        key=OUTCOME_CHART,
        alt="How many images a cheaper structure would have served, and how many not",
        data=table,
        name="overspend-outcomes",
        caption=(
            f"Every image of the task was also run through {len(tried)} fixed structures: "
            f"{', '.join(f'`{key}`' for key in tried)}. *Cheapest right* is the cheapest of them that answers "
            "correctly. That is known only in hindsight, and among several structures a cheap one is sometimes right "
            "by luck: so this bounds from above what a better choice could save. "
            + (
                f"{early:,} images were answered early: they cost no structure, so that none is cheaper, and what the "
                "selector would say of the others is not counted as tried. "
                if early
                else ""
            )
            + "**Click a bar** for its images."
        ),
        on_select=lambda: _pick(OUTCOME_CHART, "outcome"),
    )


def _histogram(bins: pd.DataFrame) -> None:
    """How much was spent beyond need, and by how many images."""
    kind, name = _clicked()
    widgets.chart(
        charts.overspend_histogram(bins, int(name) if kind == "bin" and name.isdecimal() else None),
        key=HISTOGRAM_CHART,
        alt="How many MACs more than the cheapest right structure the images got",
        data=bins,
        name="overspend",
        caption=(
            f"n = {int(bins['images'].sum()):,} images that at least one tried structure gets right. MACs beyond "
            "need are those of the chosen structure minus those of the cheapest right one: right of 0 the image "
            "cost more than was needed, left of 0 less. The selector, which every image needs, is in neither. "
            "**Click a bar** for its images."
        ),
        on_select=lambda: _pick(HISTOGRAM_CHART, "bin"),
    )


def _pick(key: str, kind: str) -> None:
    """An outcome or a bin of the histogram was clicked: its images are wanted."""
    points = widgets.picked(key)
    if points:
        state.set_parameter(state.SPENT, f"{kind}:{points[0][0]}")


def _clicked() -> tuple[str, str]:
    """What was clicked in the charts of overspend: "outcome" or "bin", and which; empty where nothing was."""
    kind, _, name = st.query_params.get(state.SPENT, "").partition(":")
    return kind, name


def _images(
    checkpoint: cache.Checkpoint, task: str, spent: analysis.Overspend, chosen: np.ndarray, bins: pd.DataFrame
) -> None:
    """The images of what was clicked, most overspent first; the worst ones where nothing was."""
    kind, name = _clicked()
    captions = partial(widgets.captions_with, checkpoint, task, partial(_beyond, spent))
    if kind == "outcome" and name in analysis.OUTCOMES:
        mask = chosen & (analysis.outcomes(spent) == list(analysis.OUTCOMES).index(name))
        heading = f"**{analysis.OUTCOMES[name]}**"
    elif kind == "bin" and name.isdecimal() and int(name) < len(bins):
        start, end = bins.loc[int(name), ["start", "end"]]
        mask = chosen & spent.solvable & (spent.macs >= start) & (spent.macs < end)
        heading = f"**{start / 1e6:.1f} to {end / 1e6:.1f} M MACs beyond need**"
    else:
        worst = analysis.worst(spent, chosen, WORST)
        heading = f"**The {len(worst)} images with the most MACs beyond need**"
        if len(worst):
            grids.of_task(checkpoint, task, worst, "hard_worst", heading, captions)
        return
    order = np.flatnonzero(mask)
    order = order[np.argsort(-spent.macs[order], kind="stable")]
    grids.of_task(checkpoint, task, order, "hard_spent_images", heading, captions)
    st.button(
        "Back to the worst images",
        key="hard_spent_close",
        on_click=state.set_parameter,
        args=(state.SPENT, None),
        type="tertiary",
    )


def _beyond(spent: analysis.Overspend, row: int) -> str:
    """The MACs beyond need of an image."""
    return f"{spent.macs[row] / 1e6:+.1f} M" if spent.solvable[row] else "none is right"
