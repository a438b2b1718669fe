"""What looking at the image is worth: the network's own choices against the same, shuffled."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from den_core.analysis.tradeoff import AVERAGE
from den_core.analysis.worth import verdict

METHODS = {
    "chosen": "Own choice",
    "permuted": "Own choices, shuffled",
    "static": "One for all",
    "full": "Full network",
}
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
        "Does looking at the image pay? The fair test: take the structures that the selector chose, **shuffle them "
        "among the images** of the task, and measure again. The cost stays the same to the last MAC. What accuracy is "
        "lost is the **instance gain**, the worth of the look itself."
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
    st.markdown(_verdict(points, float(gain[AVERAGE])) + _interval(checkpoint))


def _comparison(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """MACs and accuracies of the ways to pick structures, for people."""
    rows = {
        label: points[points["method"] == method].set_index("task")[["accuracy", "mean_macs"]]
        for method, label in METHODS.items()
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
        f"So this network saves {widgets.percent(saved, 0)} of the work at {gap:+.2f} points of accuracy against its "
        "own full size. "
    )
    if gain <= 0:
        return sentence + "**Looking at the single image does not pay here**: shuffled choices do as well or better."
    if gain < SMALL_GAIN:
        return sentence + (
            f"**Most of that comes from choosing well for the task, not for the single image**: the look adds "
            f"{100 * gain:.2f} points, which is little: one training run cannot tell it from chance."
        )
    return sentence + f"Of its accuracy, {100 * gain:.2f} points come from looking at the single image."


def _interval(checkpoint: cache.Checkpoint) -> str:
    """How sure the average gain is, where that was measured."""
    table = whole_network.differences(checkpoint).set_index(["kind", "task"])
    low, high = table.loc[("gain", AVERAGE), ["low", "high"]]
    if pd.isna(low):
        return ""
    meaning = {
        "pays": "zero is outside: other test images would hardly turn it round",
        "open": "zero is inside: on other test images the look may be worth nothing",
        "costs": "all of it below zero",
    }[verdict(low, high)]
    return f" The 95 % interval of the instance gain is {100 * low:+.2f} to {100 * high:+.2f} points: {meaning}."
