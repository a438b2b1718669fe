"""How concentrated the choice is: a network that gives all images one structure cannot gain by looking."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, pages, widgets
from app.views.looking.verdict import answers_early


def show(checkpoint: cache.Checkpoint, points: pd.DataFrame, table: pd.DataFrame) -> None:
    """Structures in use, by task.

    Args:
        points: of `cache.whole_network.points`.
        table: of `cache.whole_network.concentration`.
    """
    st.subheader("How much does the choice differ?")
    titles = widgets.task_titles(checkpoint)
    shown = pd.DataFrame(
        {
            "Task": [widgets.literal(titles[task]) for task in table["task"]],
            "Different structures": [f"{count:,}" for count in table["distinct"]],
            "Share of the most chosen": [widgets.percent(share) for share in table["top_share"]],
            "Normalised entropy": [f"{value:.3f}" for value in table["normalised_entropy"]],
        }
    )
    widgets.small_table(shown, "concentration", "looking_choice", data=table)
    st.caption(
        f"The structures that the images of the {cache.measured(checkpoint).split} split get. **Normalised "
        "entropy**: 0 means that all images of the task get one structure, 1 that every image gets one of its own. "
        "The closer to 0, the less a permutation changes, and the smaller the instance gain can be."
        + (" Early answers count as one more structure." if answers_early(points) else "")
    )
    page = pages.PAGES["chosen_models"]
    st.page_link(page.path, label=page.question, icon=f":material/{page.icon}:")
