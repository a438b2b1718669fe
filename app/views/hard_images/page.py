"""Does the network spend more on hard images? MACs against hardness, and what a cheaper structure would have done."""

from __future__ import annotations

import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.pages import PAGES
from app.style import task_colors
from app.views.hard_images import cost_groups, overspend, spending

GROUPS = 10
"The images are divided into at most so many groups, by hardness and by MACs."

st.title(PAGES["hard_images"].question)
st.markdown(
    "The network decides for every image how many multiply–accumulates (MACs) to spend. Do hard images get more, and "
    "could easy ones have had less?"
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    state.forget_unless(state.TASK, tasks)
    task = widgets.choice("Test images of", tasks, titles, key=state.TASK)
    where = widgets.slice_filters(checkpoint, [task], fields=("class",))
    gallery = cache.gallery(checkpoint, task)
    color = task_colors(list(titles))[task]
    if not test_sets.rows(checkpoint, task, where).any():
        st.info("No image is in this selection.", icon=":material/filter_alt_off:")
    else:
        st.subheader("What is spent on easy and on hard images")
        if gallery.tried:
            spending.show(checkpoint, task, where, GROUPS, color)
        else:
            st.info(
                "How hard an image is, and what a cheaper structure would have done, is not known here: the test "
                "images were not run through fixed structures. Index them again with `den index "
                f"{checkpoint.folder}`, then reload this page.",
                icon=":material/info:",
            )
        cost_groups.show(checkpoint, task, where, GROUPS, color)
        if gallery.tried:
            overspend.show(checkpoint, task, where)
