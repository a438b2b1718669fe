"""The structures that the same images get in two networks, side by side."""

from __future__ import annotations

import streamlit as st

from app import widgets
from app.views.compare import charts
from den_core.analysis import comparison as analysis
from den_core.structure_keys import drawn_levels

MOST_PAIRS = 12


def show(found: analysis.Comparison, num_levels: int, names: tuple[str, str]) -> None:
    """The most frequent pairs of structures, or why there are none."""
    st.subheader("Structures side by side")
    if not found.same_blocks:
        st.info(
            "The two networks have different blocks or levels, so their structures do not stand for the same parts: "
            "only predictions and MACs are compared.",
            icon=":material/info:",
        )
        return
    pairs = analysis.structure_pairs(found.images, MOST_PAIRS)
    columns = (pairs["structure"], pairs["other_structure"])
    first, second = (drawn_levels(keys, len(keys.iloc[0])) for keys in columns)
    labels = [f"{entry.images:,} images ({entry.share:.0%})" for entry in pairs.itertuples()]
    widgets.chart(
        charts.structure_pairs(first, second, labels, num_levels, names),
        key="structure_pairs",
        alt="The most frequent pairs of structures as barcodes side by side",
        data=pairs,
        caption="Each row is a group of images: their structure in the first network, and in the second. A cell is a "
        f"block, its colour the level; no colours: answered early. The {len(pairs)} most frequent pairs hold "
        f"{widgets.percent(pairs['share'].sum(), 0)} of the images.",
    )
