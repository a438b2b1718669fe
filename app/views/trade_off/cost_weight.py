"""The cost weight that the whole network runs at, and what it gives."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.views.trade_off import charts
from den_core.analysis import cost_weight
from den_core.checkpoints.metrics import AVERAGE
from den_core.methods import METHODS

METRIC_WIDTH = 150
"Pixels; where they do not all fit side by side, they wrap."


def slider(points: pd.DataFrame) -> float:
    """Its slider; without a measured weight it stands at the network's own choice."""
    weights = cost_weight.measured_weights(points)
    if len(weights) < 2:
        return cost_weight.OWN_WEIGHT
    state.forget_unless(state.WEIGHT, weights)  # one of another checkpoint
    with st.container(horizontal=True, vertical_alignment="bottom"):
        weight = st.select_slider(
            "Cost weight",
            weights,
            value=cost_weight.OWN_WEIGHT,
            format_func=charts.weight_title,
            key=state.WEIGHT,
            bind="query-params",
            help="How much a saved multiply-accumulate counts against a less probable level, in nats per full block. 0 "
            "is the network's own choice; above 0 it saves work, below 0 it spends more. Each stop was measured on the "
            "test images.",
        )
        own = METHODS["chosen"].name
        st.button(own, on_click=_reset, icon=":material/restart_alt:", disabled=weight == cost_weight.OWN_WEIGHT)
    return weight


def _reset() -> None:
    """Back to the network's own choice."""
    state.set_filters(**{state.WEIGHT: cost_weight.OWN_WEIGHT})


def show_numbers(checkpoint: cache.Checkpoint, points: pd.DataFrame, weight: float, accuracy: str) -> None:
    """Accuracy by task and work at a cost weight, against the network's own choice."""
    here, own = cost_weight.at_weight(points, weight), cost_weight.at_weight(points, cost_weight.OWN_WEIGHT)
    titles = widgets.task_titles(checkpoint)
    numbers = []
    for task in (*titles, AVERAGE):
        value, gap = here[accuracy][task], 100 * (here[accuracy][task] - own[accuracy][task])
        name = widgets.literal(titles.get(task, "Average"))
        meaning = "Accuracy on the test images; below it the change against the network's own choice."
        numbers.append((name, widgets.percent(value), f"{gap:+.2f} points", meaning))
    macs, base = here["mean_macs"][AVERAGE], own["mean_macs"][AVERAGE]
    meaning = "Multiply-accumulates, mean over images and tasks, the selector included."
    numbers.append(("MACs per image", widgets.millions(macs), f"{100 * (macs / base - 1):+.0f} %", meaning))
    early, early_before = here["early"][AVERAGE], own["early"][AVERAGE]
    if not pd.isna(early):
        meaning = "Share of the images that the selector answers by itself, mean over tasks: no block runs for them."
        change = f"{100 * (early - early_before):+.1f} points"
        numbers.append(("Answered early", widgets.percent(early), change, meaning))
    with st.container(horizontal=True):
        for name, text, change, meaning in numbers:
            st.metric(
                name,
                text,
                change if weight else None,
                delta_color="off",
                border=True,
                width=METRIC_WIDTH,
                help=meaning,
            )
