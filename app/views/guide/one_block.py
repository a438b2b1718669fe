"""What a level is: one block, drawn at each of its levels."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.views.guide import charts


def show(checkpoint: cache.Checkpoint) -> None:
    """Words and drawing."""
    backbone = cache.info(checkpoint).network.backbone
    h = len(backbone.level_fractions)
    st.markdown(
        "An image network is a chain of **blocks**, and each block is a bundle of *channels*: filters that each look "
        "for something else. An ordinary network runs all of them for every image, be it easy or hard.  \n"
        f"In an **elastic** network a block can run at {h} **levels**. A level uses the first channels of the block "
        "and leaves the others out. Fewer channels are less work. A block at level 0 of this network "
        + ("is skipped altogether." if backbone.level_fractions[0] == 0 else "does least.")
    )
    widgets.chart(
        charts.block_drawing(backbone.level_fractions),
        key="tour_block",
        data=pd.DataFrame({"level": range(h), "share_of_channels": backbone.level_fractions}),
        alt="One block at each of its levels: a higher level uses more channels",
        caption="One block, drawn at each of its levels: filled channels run, pale ones do not. All levels share the "
        "same weights, so this is one network and not several.",
    )
