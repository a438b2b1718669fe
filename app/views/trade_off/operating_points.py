"""Accuracy against MACs: the network's operating points beside the controls, as a chart and as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state, widgets
from app.views.trade_off import charts
from den_core.analysis import cost_weight
from den_core.analysis.pareto import pareto_front
from den_core.methods import METHODS

PLAIN, BY_CLASS = "accuracy", "class_accuracy"
QUANTITIES = {PLAIN: "Accuracy", BY_CLASS: "Class-averaged accuracy"}
"What is up in the chart, by its column."
CHART = "trade_off"


def show(points: pd.DataFrame, scope: str, accuracy: str, weight: float) -> None:
    """The chart; clicking a point of the network's own curve sets its cost weight.

    Args:
        points: of `cache.whole_network.points`.
        scope: a task, or the average over tasks.
        accuracy: of QUANTITIES.
        weight: the cost weight that is shown.
    """
    shown = points[points["task"] == scope].assign(accuracy=lambda part: part[accuracy])
    images = shown["images"].dropna()
    quantity = QUANTITIES[accuracy]
    widgets.chart(
        charts.trade_off(shown, quantity, shown[pareto_front(shown["mean_macs"], shown["accuracy"])], weight),
        key=CHART,
        alt=f"{quantity} against mean MACs per image, one mark per operating point",
        data=shown,
        on_select=_pick,
        caption="Up is more accurate, left is cheaper; the grey steps join what nothing cheaper beats. **Click a blue "
        "dot or the star** to set the cost weight there. "
        + (
            f"n = {int(images.iloc[0]):,} test images. "
            if len(images)
            else "Mean over tasks of the tasks' own values. "
        )
        + "MACs include the selector where it runs: for the own choice and for permuted ones. Random and static "
        "structures get the same budget, selector included, but run without it. FLOPs = 2 × MACs."
        + (
            f" {METHODS['baseline'].name} have other weights: one network per task, run in full."
            if "baseline" in set(shown["method"])
            else ""
        )
        + (" The narrow ones have fewer channels." if "narrow" in set(shown["method"]) else "")
        + (
            " The twin that never looks is another network, trained alike, but on permuted choices, and run on them."
            if "twin" in set(shown["method"])
            else ""
        )
        + (
            " The dial takes, within a budget, what was best on validation images: an own choice with early answers, "
            "one drawn to a static structure, or a static structure."
            if "dial" in set(shown["method"])
            else ""
        ),
    )


def _pick() -> None:
    """A point of the network's own curve was clicked: take its cost weight."""
    for method, parameter, *_ in widgets.picked(CHART)[:1]:
        if method in charts.WITH_WEIGHT:
            state.set_filters(**{state.WEIGHT: cost_weight.OWN_WEIGHT if parameter is None else parameter})


def show_table(points: pd.DataFrame, scope: str, accuracy: str) -> None:
    """All operating points of a task or of the average."""
    two_digits = st.column_config.NumberColumn(format="%.2f")
    widgets.table(
        _for_people(points[points["task"] == scope], accuracy),
        name="operating_points",
        key="points",
        column_config={name: two_digits for name in ("Accuracy (%)", "Mean MACs (millions)", "Answered early (%)")},
    )


def _for_people(points: pd.DataFrame, accuracy: str) -> pd.DataFrame:
    """The operating points for people, cheapest first."""
    ordered = points.sort_values("mean_macs")
    return pd.DataFrame(
        {
            "Structures": ordered["method"].map({key: method.name for key, method in METHODS.items()}),
            "Cost weight, level or budget": ordered["parameter"],
            "Accuracy (%)": 100 * ordered[accuracy],
            "Mean MACs (millions)": ordered["mean_macs"] / 1e6,
            "Different structures": ordered["distinct_structures"],
        }
        | ({"Answered early (%)": 100 * ordered["early"]} if ordered["early"].notna().any() else {})
        | ({"Stop of the dial": ordered["picked"]} if ordered["picked"].any() else {})
    )
