"""Who is right where, and what it costs more or less: two charts whose parts choose images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state, widgets
from app.views.compare import charts
from den_core.analysis import comparison as analysis

TABLE, BINS = "two_by_two", "macs_histogram"


def show(
    found: analysis.Comparison, outcome: str | None, bins: pd.DataFrame, edges: tuple[float, float] | None
) -> None:
    """Both charts, with what is chosen in them marked.

    Args:
        outcome: the cell that is chosen.
        bins: of the histogram.
        edges: of the bar that is chosen, in MACs.
    """
    place = st.container(horizontal=True, gap="medium")
    left, right = place.container(width=330), place.container(width=450)
    counts = found.counts
    with left:
        widgets.chart(
            charts.two_by_two(counts, outcome),
            key=TABLE,
            alt="Images by whether the first and the second network are right",
            data=pd.DataFrame({"outcome": list(counts), "images": list(counts.values())}),
            on_select=_pick_outcome,
            caption=f"n = {len(found.images):,} test images. Click a cell for its images. McNemar's exact p "
            f"{_p_title(found.p_value)}, from the two cells in which the networks disagree.",
        )
    with right:
        widgets.chart(
            charts.macs_histogram(bins, edges),
            key=BINS,
            alt="Images by MACs of the second network minus MACs of the first",
            data=bins,
            on_select=_pick_bin,
            caption="How much more or less work the second network does for the same image. Left of “same” it is "
            "cheaper. Click a bar for its images.",
        )


def _pick_outcome() -> None:
    """A cell of the table was clicked."""
    for (outcome,) in widgets.picked(TABLE)[:1]:
        state.set_filters(**{state.OUTCOME: outcome})


def _pick_bin() -> None:
    """A bar of the histogram was clicked."""
    for low, high in widgets.picked(BINS)[:1]:
        state.set_parameter(state.DIFFERENCE, f"{low:.0f}_{high:.0f}")


def forget_bin() -> None:
    """Take the choice of a bar back; a callback."""
    state.set_parameter(state.DIFFERENCE, None)


def chosen_bin(bins: pd.DataFrame) -> tuple[float, float] | None:
    """The bar that the URL names, if there is such a one."""
    text = st.query_params.get(state.DIFFERENCE)
    edges = [(low, high) for low, high in zip(bins["low"], bins["high"], strict=True)]
    return next(((low, high) for low, high in edges if f"{low:.0f}_{high:.0f}" == text), None)


def _p_title(p: float) -> str:
    """A p-value with its sign of comparison; very small ones only by their bound."""
    return f"= {p:.2g}" if p >= 1e-6 else "< 0.000001"
