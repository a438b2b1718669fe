"""What a checkpoint achieves: its accuracy and MACs beside the controls, or the command that measures them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from den_core.checkpoints.metrics import AVERAGE
from den_core.methods import METHODS


def show(checkpoint: cache.Checkpoint) -> None:
    """Accuracies, controls and MACs, or the command that measures them."""
    points = whole_network.points(checkpoint)
    if points is None:
        widgets.say_not_evaluated(checkpoint)
        return
    average = points[points["task"] == AVERAGE].set_index("method")
    if {"chosen", "full"} <= set(average.index):
        own, full = average.loc["chosen"], average.loc["full"]
        share, gap = own["mean_macs"] / full["mean_macs"], 100 * (own["accuracy"] - full["accuracy"])
        gain = whole_network.gain(checkpoint)[AVERAGE]
        widgets.metric_row(
            [
                (
                    "Accuracy",
                    widgets.percent(own["accuracy"]),
                    "Share of test images that are answered correctly; mean over tasks, each counting the same.",
                ),
                (
                    "Against full",
                    f"{gap:+.2f}",
                    "Accuracy of the own choice minus accuracy of the full model, in percentage points.",
                ),
                (
                    "Share of full MACs",
                    widgets.percent(share, 0),
                    f"{widgets.millions(own['mean_macs'])} of {widgets.millions(full['mean_macs'])} "
                    "multiply-accumulates, the selector included.",
                ),
                (
                    "Instance gain",
                    f"{100 * gain:+.2f}",
                    "Accuracy of the own choice minus that of the same choices, permuted among the images, in "
                    f"percentage points.{_how_sure(checkpoint)}",
                ),
            ]
        )
    widgets.small_table(results_table(points, widgets.task_titles(checkpoint)), "results", "results")
    st.caption(
        f"Accuracy on the {cache.measured(checkpoint).split} split. **Own choice**: each image runs through the "
        f"structure that the selector picks for it{_early_in_words(points)}. "
        "The controls: **permuted**, the same structures, given to "
        "the images of a task in a random order; **static**, the best structure for all images of a task; **random** "
        "structures of the same mean cost; the **full model** for every image"
        + ("; **separate** networks, one per task and run in full" if "baseline" in set(points["method"]) else "")
        + ("; **narrow** ones, of fewer channels each" if "narrow" in set(points["method"]) else "")
        + (
            "; the **twin that never looks**, trained alike, but on permuted choices, and run on them"
            if "twin" in set(points["method"])
            else ""
        )
        + ". MACs: multiply-accumulates, the selector included; FLOPs = 2 × MACs. "
        "Above, “against full” and the instance gain are in percentage points."
    )


def _how_sure(checkpoint: cache.Checkpoint) -> str:
    """The interval of the average instance gain, where measured, and how much of it is habit, as sentences."""
    table = whole_network.differences(checkpoint).set_index(["kind", "task"])
    low, high = table.loc[("gain", AVERAGE), ["low", "high"]]
    interval = "" if pd.isna(low) else f" 95 % interval {100 * low:+.2f} to {100 * high:+.2f}."
    if ("twin", AVERAGE) not in table.index:
        return f"{interval} Part of it may be habit: a network gets used to its own choices."
    twin, *ends = 100 * table.loc[("twin", AVERAGE), ["value", "low", "high"]]
    sure = "" if pd.isna(ends[0]) else f", 95 % interval {ends[0]:+.2f} to {ends[1]:+.2f}"
    return f"{interval} What is no habit, own choice minus a twin that never looks: {twin:+.2f}{sure}."


def _early_in_words(points: pd.DataFrame) -> str:
    """How many images the selector answers by itself, to go on a sentence; nothing where it answers none."""
    early = points.loc[(points["method"] == "chosen") & (points["task"] == AVERAGE), "early"]
    return "".join(
        f", or is answered early by the selector alone ({widgets.percent(share, 0)})" for share in early if share > 0
    )


COLUMNS = ("chosen", "permuted", "twin", "static", "random", "full", "narrow", "baseline")
"Methods with a column of accuracies, in their order."


def results_table(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Accuracy of the network and its controls and MACs, a row per task and one for the average."""
    methods = {method: points[points["method"] == method].set_index("task") for method in COLUMNS}
    methods = {method: part for method, part in methods.items() if not part.empty}
    rows = []
    for task, title in {**titles, AVERAGE: widgets.AVERAGE_TITLE}.items():
        images = methods["chosen"]["images"][task] if "chosen" in methods else float("nan")
        row = {"Task": title, "Test images": "" if pd.isna(images) else f"{int(images):,}"}
        row |= {METHODS[method].short: widgets.percent(part["accuracy"][task]) for method, part in methods.items()}
        if {"chosen", "full"} <= methods.keys():
            macs, full = (methods[method]["mean_macs"][task] for method in ("chosen", "full"))
            row |= {"MACs per image": widgets.millions(macs), "Share of full": widgets.percent(macs / full, 0)}
        rows.append(row)
    return pd.DataFrame(rows)
