"""All test images on a map of their model distributions; an area that is drawn on it becomes a grid of images."""

from __future__ import annotations

import streamlit as st

from app import pages, widgets
from app.views.map import image_map

st.title(pages.PAGES["map"].question)
st.markdown(
    "The selector gives every image a *model distribution*: for each block, how much it favours each level. Here every "
    "test image is a point, and images that want the same parts of the network lie together, whatever their task."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    where = widgets.slice_filters(checkpoint, tasks)
    image_map.show(checkpoint, where)
