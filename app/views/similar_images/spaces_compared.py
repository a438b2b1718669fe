"""Content or difficulty: what images have in common that one of the spaces calls alike."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import one_image
from app.cache.one_image import DISTRIBUTION, FEATURES, STRUCTURE

SPACES = {
    DISTRIBUTION: "Model distribution",
    STRUCTURE: "Chosen structure",
    FEATURES: "Estimator features",
}
"What can make images alike."
SAMPLE, SAMPLE_K = 200, 8
"Images of the task, and neighbours of each, by which the spaces are compared."


def show(checkpoint: cache.Checkpoint, task: str, title: str, row: int, known: list[str], k: int) -> None:
    """Whether near means alike in content, or equally hard.

    Args:
        row: the query.
        known: of SPACES, those that this network's galleries hold.
        k: neighbours of the query per task.
    """
    from den_core.analysis.spaces import POOL, overlap

    st.subheader("Content or difficulty?")
    count = len(cache.gallery(checkpoint, task))
    if count <= SAMPLE_K:
        st.info(f"The gallery of {widgets.literal(title)} has too few images to compare neighbours.")
        return
    quality, common = one_image.compared_spaces(checkpoint, task, tuple(known), SAMPLE_K, SAMPLE)
    lists = {name: one_image.neighbours_of_row(checkpoint, task, row, name, k) for name in known}
    st.markdown(_in_words(quality, known))
    searched = f"{count:,}" if count <= POOL else f"{POOL:,} of the {count:,}"
    shown = pd.DataFrame(
        {
            "Alike by": [SPACES.get(name, "By chance") for name in quality.index],
            "Same class (%)": 100 * quality["same_class"],
            "Probability gap (points)": 100 * quality["gap"],
            "In common with model distribution (%)": 100 * common[DISTRIBUTION].drop(DISTRIBUTION),
            "For this query (%)": {name: 100 * overlap(lists[name], lists[DISTRIBUTION]) for name in known[1:]},
        },
        index=quality.index,
    )
    widgets.table(
        shown,
        name="spaces-compared",
        key="similar_spaces",
        column_config={
            column: st.column_config.NumberColumn(format="%.1f") for column in shown.columns if column != "Alike by"
        },
        caption=(
            f"{SAMPLE_K} nearest {widgets.literal(title)} images of each of {min(SAMPLE, count):,} queries of the "
            f"{searched} test images (drawn with seed 0; ties broken at random). The gap is between the true-class "
            "probabilities of query and neighbour; “in common” is the share of the neighbours that two ways of "
            f"comparing name both. The last column is about the query above and its {k} neighbours in every task."
        ),
    )


def _in_words(quality: pd.DataFrame, known: list[str]) -> str:
    """Content and difficulty against chance."""
    chance = quality.loc["chance"]
    best = quality.drop(index="chance")["same_class"]
    return (
        f"If the selector looked at **content**, neighbours would share the query's class: in the model distribution "
        f"**{widgets.percent(best[DISTRIBUTION], 0)}** do, by chance {widgets.percent(chance['same_class'], 0)} would"
        + (f", in the estimator's features {widgets.percent(best[FEATURES], 0)} do" if FEATURES in known else "")
        + ". If it looked at **difficulty**, neighbours would be as easy as the query: their true-class probability is "
        f"**{100 * quality.loc[DISTRIBUTION, 'gap']:.0f} points** away from the query's, by chance "
        f"{100 * chance['gap']:.0f}."
    )
