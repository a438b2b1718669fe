"""Where is the network right and wrong: filters, confusion, slices, and how far its confidence can be trusted."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from app.cache import test_sets
from app.pages import PAGES
from app.views.right_and_wrong import accuracy_slices, confusion, reliability, selection_numbers
from app.widgets import grids
from den_core.analysis.slices import Slice

SECTIONS = {"confusion": "Mixed-up classes", "parts": "Accuracy of parts", "confidence": "Confidence"}
"One at a time: what is not shown is neither computed nor drawn, so that a filter answers quickly."

st.title(PAGES["right_and_wrong"].question)
st.markdown(
    "Choose images with the filters, or by clicking in the charts; everything on the page is about the chosen ones. "
    "The filters stay when you go to another page."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    where = widgets.slice_filters(checkpoint, tasks)
    part, whole = test_sets.summary(checkpoint, where), test_sets.summary(checkpoint, Slice(tasks=tuple(tasks)))
    if part.images:
        selection_numbers.show(part, whole)
        section = widgets.choice("Look at", list(SECTIONS), SECTIONS, key=state.SECTION)
        # The images stand below the chart but are sent before it: whoever filters waits for them.
        chart = st.container()
        grids.of_slice(checkpoint, where, key="right_images", heading="**Images**")
        with chart:
            if section == "confusion":
                confusion.show(checkpoint, where, titles)
            elif section == "parts":
                accuracy_slices.show(checkpoint, where, titles)
            else:
                reliability.show(checkpoint, where)
    else:
        st.info("No image is in this selection. Take a filter back.", icon=":material/filter_alt_off:")
