"""The selected images in four numbers, beside all images."""

from __future__ import annotations

import streamlit as st

from app import widgets
from den_core.analysis.confusion import Summary

METRIC_WIDTH = 170
"Pixels."


def show(part: Summary, whole: Summary) -> None:
    """The numbers, with the interval of the accuracy below them."""
    filtered = part.images < whole.images
    beside = (
        f"of {whole.images:,}",
        f"{100 * (part.accuracy - whole.accuracy):+.1f} points",
        f"{100 * (part.macs / whole.macs - 1):+.1f} %",
        f"{100 * (part.confidence - whole.confidence):+.1f} points",
    )
    values = (
        ("Images", f"{part.images:,}", "Test images that the filters take."),
        ("Accuracy", widgets.percent(part.accuracy), "Share of right answers, every image counting the same."),
        ("Mean MACs", widgets.millions(part.macs), "Multiply–accumulates per image, selector included."),
        ("Mean confidence", widgets.percent(part.confidence), "Mean probability of the answer."),
    )
    with st.container(horizontal=True):  # wraps where the window is narrow
        for (label, value, meaning), difference in zip(values, beside, strict=True):
            st.metric(
                label,
                value,
                delta=difference if filtered else None,
                delta_color="off",
                delta_arrow="off",
                help=meaning,
                border=True,
                width=METRIC_WIDTH,
            )
    interval = f"95 % interval of the accuracy: {widgets.percent(part.low)} to {widgets.percent(part.high)}."
    everything = (
        f" Below the numbers the difference to all {whole.images:,} test images, of which "
        f"{widgets.percent(whole.accuracy)} are right at {widgets.millions(whole.macs)} MACs."
    )
    st.caption(interval + (everything if filtered else ""))
