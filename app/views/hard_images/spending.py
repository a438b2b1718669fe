"""What is spent on easy and on hard images: mean MACs along a hardness that knows nothing of the choice."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.views.hard_images import charts
from den_core.analysis import hardness as analysis
from den_core.analysis.slices import Slice
from den_core.methods import METHODS


def show(checkpoint: cache.Checkpoint, task: str, where: Slice, most_groups: int, color: str) -> None:
    """The relation in words, and the chart.

    Args:
        most_groups: that the images are divided into.
        color: of the task.
    """
    gallery = cache.gallery(checkpoint, task)
    structure = _yardstick(gallery)
    found = test_sets.correlation(checkpoint, task, where, structure)
    table = test_sets.spending(checkpoint, task, where, structure, most_groups)
    number = (
        ""
        if np.isnan(found.value)
        else f" Rank correlation {found.value:+.2f} (95 % interval {found.low:+.2f} to {found.high:+.2f})."
    )
    st.markdown(_verdict(found) + number)
    widgets.chart(
        charts.spending(table, color, float(np.average(table["macs"], weights=table["images"]))),
        key="hard_spending",
        alt="Mean MACs that were spent on the images, from the easiest to the hardest",
        data=table,
        name="macs-by-hardness",
        caption=(
            f"The {found.images:,} {gallery.split} images sorted by their loss under `{structure}`, in {len(table)} "
            "groups of about equal size; bars are 95 % intervals of the mean, the dotted line is the mean of all. "
            "The rank correlation (Spearman) is that of chosen MACs with this loss: +1 would mean that a harder image "
            "never gets a cheaper structure, 0 that neither tells anything about the other. Its interval comes from "
            f"{found.draws:,} bootstrap draws of the images (seed 0)."
        ),
    )


def _yardstick(gallery) -> str:
    """Which structure says how hard an image is: the full model, or a cheap fixed level."""
    options = analysis.uniform_tried(gallery)
    full = str(gallery.num_levels - 1) * gallery.num_blocks
    names = {key: METHODS["full"].name if key == full else f"Every block at level {key[0]}" for key in options}
    state.forget_unless(state.YARDSTICK, options)
    return widgets.choice(
        "Hardness is the loss under",
        options,
        names,
        key=state.YARDSTICK,
        help="How hard an image is must not depend on the structure that was chosen for it. So hardness is the loss, "
        "−log of the probability of the true class, under one and the same structure for all images.",
    )


def _verdict(found: analysis.Correlation) -> str:
    """The correlation in plain words."""
    if np.isnan(found.value):
        return "**No answer:** all these images got structures of the same cost, or there are fewer than three."
    if not found.clear:
        return "**No clear relation** between how hard an image is and what the network spends on it."
    size, way = abs(found.value), "more expensive" if found.value > 0 else "cheaper"
    if size < 0.1:
        return f"**Hardly.** Harder images get {way} structures, but the tendency is very weak."
    strength = "somewhat" if size < 0.3 else "clearly" if size < 0.5 else "strongly"
    answer = "Yes" if found.value > 0 else "No, the other way round"
    return f"**{answer}, {strength}:** harder images tend to get {way} structures."
