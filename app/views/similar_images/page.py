"""Test images that the selector treats alike: nearest to a query in three spaces, or mutual neighbours of two tasks."""

from __future__ import annotations

import streamlit as st

from app import pages, state, widgets
from app.views.similar_images import mutual_neighbours, near_images

NEIGHBOURS, MUTUAL = "neighbours", "mutual"
VIEWS = {NEIGHBOURS: "Nearest to one image", MUTUAL: "Mutual neighbours"}

st.title(pages.PAGES["similar_images"].question)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    st.markdown(
        "Images of different tasks can want the same part of the network. Pick a test image and see which others are "
        "near to it – for the selector, by the structure that was run, or for the classifier."
    )
    view = widgets.choice("Show", list(VIEWS), VIEWS, key=state.SHOW)
    if view == NEIGHBOURS:
        near_images.show(checkpoint, tasks, titles)
    else:
        mutual_neighbours.show(checkpoint, tasks, titles)
