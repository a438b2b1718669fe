"""What looking at the image is worth, in words and one number per task."""

from __future__ import annotations

import streamlit as st

from app import cache, widgets
from app.cache import whole_network


def show(checkpoint: cache.Checkpoint, titles: dict[str, str], by_class: bool) -> None:
    """The numbers, and what they mean.

    Args:
        by_class: whether every class counts the same, instead of every image.
    """
    gain = whole_network.gain(checkpoint, by_class)
    st.subheader("What is looking at the image worth?")
    widgets.metric_row(
        [
            (widgets.literal(titles.get(task, "Average")), f"{100 * value:+.2f}", "Instance gain in percentage points.")
            for task, value in gain.items()
        ]
    )
    st.caption(
        f"**Instance gain**: {'class-averaged accuracy' if by_class else 'accuracy'} of the chosen structures minus "
        "of **the same structures shuffled among the images** of the task, in percentage points. Both cost the same, "
        "so the difference is what comes from looking at the image. Near 0, a structure per task would do as well."
    )
