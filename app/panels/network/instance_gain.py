"""What looking at the image is worth, in words and one number per task."""

from __future__ import annotations

import streamlit as st

from app import cache, pages, widgets
from app.cache import whole_network
from app.charts import looking as charts
from den_core.analysis.tradeoff import AVERAGE


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
        "so the difference is what comes from looking at the image, or from habit: a network gets used to the choices "
        "that it is trained under. Near 0, a structure per task would do as well."
    )
    if not by_class:
        _intervals(checkpoint, titles)
    page = pages.PAGES["looking"]
    st.page_link(page.path, label=f"{page.question} At every cost, and image by image", icon=f":material/{page.icon}:")


def _intervals(checkpoint: cache.Checkpoint, titles: dict[str, str]) -> None:
    """How sure the gain is, where that was measured; it is for plain accuracy alone."""
    table = whole_network.differences(checkpoint)
    table = table[table["kind"] == "gain"]
    if table["low"].isna().all():
        return
    widgets.chart(
        charts.differences(table, {**titles, AVERAGE: "Average over tasks"}),
        key="gain_intervals",
        alt="Instance gain of every task and on average, in percentage points, with its 95 % interval",
        data=table,
        name="instance-gain",
        caption="Lines are 95 % intervals over the choice of test images (paired bootstrap). A filled dot: the "
        "interval leaves out zero. An open one: it does not, and the gain may be chance. Other training seeds are not "
        "in it.",
    )
