"""The most chosen structures of a task, each with images that chose it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import test_sets
from den_core.structure_keys import is_early

CARDS = 3
EXAMPLES = 8


def show(checkpoint: cache.Checkpoint, task: str) -> None:
    """A card per structure: key, share, accuracy, cost, images."""
    images = len(cache.gallery(checkpoint, task))
    for entry in test_sets.most_chosen(checkpoint, task, CARDS, EXAMPLES).itertuples():
        name = "Answered by the selector" if is_early(entry.structure) else f"`{entry.structure}`"
        with st.container(border=True):
            st.markdown(
                f"**{entry.rank}.** {name} · **{widgets.percent(entry.share)}** of "
                f"{images:,} images · {widgets.percent(entry.accuracy)} right ({widgets.percent(entry.low, 0)}–"
                f"{widgets.percent(entry.high, 0)}) · {widgets.millions(entry.macs)} MACs"
            )
            widgets.image_grid(
                checkpoint,
                pd.DataFrame({"task": task, "row": np.asarray(entry.rows)}),
                key=f"chosen_card_{task}_{entry.rank}",
                save=False,
            )
