"""What looking at the image is worth: the network's own choices against the same, permuted."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from den_core.analysis.instance_gain import verdict
from den_core.checkpoints.metrics import AVERAGE
from den_core.methods import METHODS

SMALL_GAIN = 0.01
"A fraction; below it the tour calls the instance gain small."


def show(checkpoint: cache.Checkpoint) -> None:
    """The instance gain, as it is."""
    points = whole_network.points(checkpoint)
    if points is None:
        widgets.say_not_evaluated(checkpoint)
        return
    titles, gain = widgets.task_titles(checkpoint), whole_network.gain(checkpoint)
    st.markdown(
        "Does looking at the image pay? The fair test: **permute** the structures that the selector chose – "
        "give them to the images of the task in a random order – and measure again. The cost stays exactly the same. "
        "The accuracy that is lost is the **instance gain**: what looking itself is worth, if it is not habit."
    )
    widgets.metric_row(
        [
            (
                widgets.literal(titles.get(task, "Average")),
                f"{100 * value:+.2f}",
                "Instance gain in percentage points.",
            )
            for task, value in gain.items()
        ]
    )
    widgets.small_table(_comparison(points, titles), "worth", "tour_worth")
    table = whole_network.differences(checkpoint).set_index(["kind", "task"])
    st.markdown(_verdict(points, float(gain[AVERAGE])) + _interval(table) + habit(table))


COMPARED = ("chosen", "permuted", "twin", "static", "full")
"Methods of the table, in its order."


def _comparison(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """MACs and accuracies of the ways to pick structures, for people."""
    rows = {
        METHODS[method].name: points[points["method"] == method].set_index("task")[["accuracy", "mean_macs"]]
        for method in COMPARED
    }
    table = pd.DataFrame(
        {
            label: {**part["accuracy"], "macs": part["mean_macs"].get(AVERAGE)}
            for label, part in rows.items()
            if len(part)
        }
    ).T
    shown = pd.DataFrame({"Structures": table.index, "MACs per image": table["macs"].map(widgets.millions)})
    for task, title in {**titles, AVERAGE: "Average"}.items():
        shown[title] = table[task].map(widgets.percent).to_numpy()
    return shown


def _verdict(points: pd.DataFrame, gain: float) -> str:
    """What the numbers say, in words that follow from them."""
    average = points[points["task"] == AVERAGE].set_index("method")
    if not {"chosen", "full"} <= set(average.index):
        return ""
    own, full = average.loc["chosen"], average.loc["full"]
    saved, gap = 1 - own["mean_macs"] / full["mean_macs"], 100 * (own["accuracy"] - full["accuracy"])
    sentence = (
        f"So this network saves {widgets.percent(saved, 0)} of the work at {gap:+.2f} points of accuracy against "
        "the full model. "
    )
    if gain <= 0:
        return sentence + "**Looking at the single image does not pay here**: permuted choices do as well or better."
    if gain < SMALL_GAIN:
        return sentence + (
            f"**Most of that comes from choosing well for the task, not for the single image**: the look adds "
            f"{100 * gain:.2f} points, which is little: one training run cannot tell it from chance."
        )
    return sentence + f"Of its accuracy, {100 * gain:.2f} points depend on every image having its own structure."


def _interval(table: pd.DataFrame) -> str:
    """How sure the average gain is, where that was measured.

    Args:
        table: of `cache.whole_network.differences`, by kind and task.
    """
    low, high = table.loc[("gain", AVERAGE), ["low", "high"]]
    if pd.isna(low):
        return ""
    meaning = {
        "pays": "zero is outside: other test images would hardly reverse it",
        "open": "zero is inside: on other test images the look may be worth nothing",
        "costs": "all of it below zero",
    }[verdict(low, high)]
    return f" The 95 % interval of the instance gain is {100 * low:+.2f} to {100 * high:+.2f} points: {meaning}."


def habit(table: pd.DataFrame) -> str:
    """How much of the average gain is habit, where there is a gain.

    Args:
        table: of `cache.whole_network.differences`, by kind and task.
    """
    if table.loc[("gain", AVERAGE), "value"] <= 0:
        return ""
    if ("twin", AVERAGE) not in table.index:
        return " Part of the gain may be habit: a network gets used to the choices that it is trained under."
    value, low, high = table.loc[("twin", AVERAGE), ["value", "low", "high"]]
    meaning = {
        "pays": "looking pays",
        "open": "looking is not shown to pay",
        "costs": "the gain is habit, and no benefit",
        "unknown": "how sure this is was not measured",
    }[verdict(low, high)]
    interval = "" if pd.isna(low) else f" (95 % interval {100 * low:+.2f} to {100 * high:+.2f})"
    return (
        " A **twin that never looks**, trained alike, but on permuted choices, shows how much of the gain is "
        f"habit: own choice minus twin is {100 * value:+.2f} points{interval}: {meaning}."
    )
