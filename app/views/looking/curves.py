"""Does looking pay at other costs? The own choice and its controls at every cost weight."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.views.looking import charts
from den_core.methods import METHODS


@st.fragment
def show(checkpoint: cache.Checkpoint, points: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Accuracies against MACs, and both differences by share of the full MACs.

    Args:
        points: of `cache.whole_network.points`.
        curves: of `cache.whole_network.cost_curves`.
    """
    st.subheader("And at other costs?")
    task = widgets.task_or_average("Accuracy of", checkpoint)
    part, measured = curves[curves["task"] == task], points[points["task"] == task]
    where = _images(measured, cache.measured(checkpoint).split)
    others = {
        "baseline": f" {METHODS['baseline'].name} have other weights: one network per task, run in full.",
        "twin": " The twin that never looks is another network, trained on permuted choices, and run on them.",
    }
    more = "".join(text for method, text in others.items() if method in set(measured["method"]))
    widgets.chart(
        charts.accuracy_curves(part, measured),
        key="looking_curves",
        alt="Accuracy against mean MACs per image: the own choice, permuted choices, the best static structure",
        data=part,
        name="looking-by-cost",
        caption=f"{where} Up is more accurate, left is cheaper. Solid: the network's own choice at every cost weight; "
        "the star is the network as trained. Where it runs above permuted, looking at the image pays, as far as it is "
        "no habit; where it runs above static, choosing per image beats choosing per task. The static structure is "
        "found on validation images and may cost as much as the own choice with the selector. Dotted lines: what makes "
        f"no choice.{more}",
    )
    widgets.chart(
        charts.difference_curves(part),
        key="looking_difference_curves",
        alt="Gain over permuted and lead over static structures, by share of the full MACs",
        data=part,
        name="gain-by-cost",
        caption=f"{where} The differences between these accuracies at every cost weight, in percentage points: gain "
        "over permuted, lead over static. Bands are 95 % intervals (paired bootstrap over "
        "the images); where a band holds zero, the difference may be chance. The star is the network as trained.",
    )


def _images(points: pd.DataFrame, split: str) -> str:
    """What the numbers are about, as a sentence."""
    images = points["images"].dropna()
    return f"n = {int(images.iloc[0]):,} {split} images." if len(images) else f"Mean over tasks, {split} split."
