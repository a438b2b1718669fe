"""How often every block runs at every level (the paper's Fig. 6b), for any slice, and where two slices differ."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from app.pages import PAGES
from app.views.level_usage import cells, difference, maps
from app.views.level_usage.maps import READINGS

st.title(PAGES["level_usage"].question)
st.markdown(
    "A level says how much of a block of the network is used for an image: level 0 uses least, the highest level uses "
    "the whole block. The maps show which levels the images of every task get."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    where = widgets.slice_filters(checkpoint, tasks, fields=("task", "class", "correct"))
    reading = widgets.choice(
        "Show",
        list(READINGS),
        READINGS,
        key=state.READING,
        help="Mean probability: what the selector gives a level, averaged over images. Share of images: how many "
        "images really run at that level, because it is their most probable one.",
    )
    # The maps frame the cell that is chosen below them, so that choice has to be read first.
    above = st.container()
    wanted = cells.choice(checkpoint, where, titles)
    with above:
        maps.show(checkpoint, where, titles, reading, wanted)
    cells.show_images(checkpoint, where, titles, wanted)
    difference.show(checkpoint, tasks, titles, reading)
