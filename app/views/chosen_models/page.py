"""Which structures are chosen over the test sets (the paper's Fig. 6a), and the most chosen ones (Fig. 7)."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from app.cache import test_sets
from app.pages import PAGES
from app.views.chosen_models import cards, coverage, images, ranking
from app.views.chosen_models import table as structure_table

st.title(PAGES["chosen_models"].question)
st.markdown(
    "Every image chooses its own model out of many: a *structure*, one level per block, written as one digit per "
    "block. Which structures are really in use, by how many images, and for what?"
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    options = [widgets.ALL_TASKS, *tasks] if len(tasks) > 1 else tasks
    state.forget_unless(state.SCOPE, options)
    scope = widgets.choice("Test images of", options, titles | {widgets.ALL_TASKS: "All tasks"}, key=state.SCOPE)
    counted = tasks if scope == widgets.ALL_TASKS else [scope]
    table = test_sets.structures(checkpoint, tuple(counted))
    ranking.show_numbers(table)
    ranking.show(checkpoint, table, counted, titles)
    coverage.show(table, counted, titles)

    st.subheader("Every structure in use")
    with widgets.errors_shown():
        found = structure_table.show(checkpoint, table, counted, titles)
        if len(found):
            images.show(checkpoint, found, counted)

    st.subheader("The most chosen structures of each task")
    st.caption(
        "With each structure a random sample (seed 0) of the images that chose it; the accuracy is that of all images "
        "that chose it, with its 95 % interval."
    )
    for task in counted:
        st.markdown(f"##### {widgets.literal(titles[task])}")
        cards.show(checkpoint, task)
