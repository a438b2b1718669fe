"""Two checkpoints on the same test images: who is right where, what it costs, which structures changed."""

from __future__ import annotations

import streamlit as st

from app import cache, pages, state, widgets
from app.views.compare import images, outcomes, overview, structure_pairs, two_checkpoints
from app.views.compare.charts import OUTCOME_TITLES
from den_core.analysis import comparison as analysis

ANY = "any"


@st.fragment
def explored(first: cache.Checkpoint, second: cache.Checkpoint, found: analysis.Comparison, task: str) -> None:
    """One task: charts, and the images that are picked in them."""
    bins = analysis.macs_bins(found.images["macs_difference"].to_numpy())
    edges = outcomes.chosen_bin(bins)
    picked = widgets.choice("Images", [ANY, *analysis.OUTCOMES], {ANY: "All", **OUTCOME_TITLES}, key=state.OUTCOME)
    outcome = None if picked == ANY else picked
    outcomes.show(found, outcome, bins, edges)
    images.show(first, task, found, outcome, edges)
    structure_pairs.show(found, cache.info(first).network.backbone.num_levels, (first.name, second.name))


st.title(pages.PAGES["compare"].question)
st.markdown(
    "The same test images through two networks: which answers change, what that costs, and where the work moves."
)
with widgets.errors_shown():
    first = widgets.checkpoint()
    titles = widgets.task_titles(first)
    second = two_checkpoints.second(first)
    tasks = two_checkpoints.common_tasks(first, second)
    found = two_checkpoints.results(first, second, tasks)
    if not found:
        st.stop()
    overview.show(found, titles, (first.name, second.name))
    st.subheader("Image by image")
    state.forget_unless(state.TASK, found)
    task = widgets.choice("Test images of", list(found), titles, key=state.TASK)
    explored(first, second, found[task], task)
