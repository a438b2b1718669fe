"""What the two images, the mean and the full model cost in MACs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from app.style import OTHER_COLOR, task_colors
from app.views.guide import charts
from den_core.methods import METHODS


def show(checkpoint: cache.Checkpoint) -> None:
    """Words and bars."""
    found = whole_network.contrast(checkpoint)
    gallery, names = cache.gallery(checkpoint, found.task), cache.classes(checkpoint)[found.task]
    costs, frame = gallery.costs, gallery.frame
    full = costs.block_macs[:, -1].sum() + costs.task_macs
    mean, color = float(frame["macs"].mean()), task_colors(list(cache.classes(checkpoint)))[found.task]
    title = widgets.task_titles(checkpoint)[found.task]
    st.markdown(
        "Work is counted in **MACs**: one multiplication and one addition each, about half of what others call FLOPs. "
        f"The selector costs {widgets.millions(costs.selector_macs)} itself, and that is counted here. On average an "
        f"image of {widgets.literal(title)} takes **{widgets.percent(mean / full, 0)}** of the work of the "
        "full model." + _early_in_words(float(gallery.early.mean()))
    )

    def label(row: int) -> str:
        return f"{names[frame['label'].iloc[row]]}, #{row}"

    bars = {
        METHODS["full"].name: (float(full), OTHER_COLOR),
        label(found.expensive): (float(frame["macs"].iloc[found.expensive]), color),
        f"Mean of {title}": (mean, color),
        label(found.cheap): (float(frame["macs"].iloc[found.cheap]), color),
        "The selector alone": (float(costs.selector_macs), OTHER_COLOR),
    }
    widgets.chart(
        charts.costs(bars),
        data=pd.DataFrame({"what": list(bars), "macs": [macs for macs, _ in bars.values()]}),
        key="tour_costs",
        alt="MACs of the full model, of the two images, of the mean and of the selector",
        caption=f"MACs per image of {widgets.literal(title)}, the selector included except for the full model, which "
        f"needs none. Mean over {len(gallery):,} test images.",
    )


def _early_in_words(share: float) -> str:
    """What early answers are, as a sentence; nothing where there are none."""
    return (
        f" **{widgets.percent(share, 0)}** of these images cost the selector alone: it was sure enough to answer "
        "by itself, and no block ran."
        if share
        else ""
    )
