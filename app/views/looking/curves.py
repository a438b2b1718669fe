"""Does looking pay at other costs? The own choice and its controls along the dial."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.views.looking import charts


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
    where = _images(measured, cache.metrics(checkpoint).split)
    others = {
        "baseline": " Separate full networks are other weights, a whole network for each task.",
        "twin": " The twin that never looks is another network, trained on structures dealt out at random, and run so.",
    }
    said = "".join(text for method, text in others.items() if method in set(measured["method"]))
    widgets.chart(
        charts.accuracy_curves(part, measured),
        key="looking_curves",
        alt="Accuracy against mean MACs per image: the own choice, the same structures shuffled, the best single one",
        data=part,
        name="looking-by-cost",
        caption=f"{where} Up is more accurate, left is cheaper. Solid: the network's own choice at every cost weight "
        "of the dial, the star as trained. Where it runs above the same structures shuffled, looking at the image "
        "pays, as far as that is no habit; where it runs above the best single structure, choosing per image beats "
        "choosing per task. That structure is found on validation images and may cost as much as the own choice with "
        f"the selector. Dotted levels: what makes no choice.{said}",
    )
    widgets.chart(
        charts.difference_curves(part),
        key="looking_difference_curves",
        alt="Gain over shuffled structures and lead over the best single structure, by share of the full MACs",
        data=part,
        name="gain-by-cost",
        caption=f"{where} The differences between these accuracies at every cost weight, in percentage points: gain "
        "over the shuffled structures, lead over the best single one. Bands are 95 % intervals (paired bootstrap over "
        "the images); where a band holds zero, the difference may be chance. The star is the network as trained.",
    )


def _images(points: pd.DataFrame, split: str) -> str:
    """What the numbers are about, as a sentence."""
    images = points["images"].dropna()
    return f"n = {int(images.iloc[0]):,} {split} images." if len(images) else f"Mean over tasks, {split} split."
