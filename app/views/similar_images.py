"""A test image and the images of every task that chose most alike, by l2 distance (the paper's Fig. 3)."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from app import cache, state, widgets

GRID = 16
ANY = "Any class"


def pick(row: int) -> None:
    """The visitor picked a query from the grid."""
    st.session_state[state.ROW] = row


def query_row(checkpoint: cache.Checkpoint, task: str) -> int:
    """A page of the task's test images, each with a button; returns the row that is the query."""
    classes = cache.info(checkpoint).network.task(task).class_names
    labels = cache.gallery(checkpoint, task)["label"].to_numpy()
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    wanted = left.selectbox("Class", [ANY, *classes], key=state.CLASS, format_func=str)
    row = right.number_input("Query: test image", 0, len(labels) - 1, 0, key=state.ROW, bind="query-params")
    rows = np.arange(len(labels)) if wanted == ANY else np.flatnonzero(labels == classes.index(wanted))
    if not len(rows):
        st.info("No test image has this class.")
        return row
    page = st.pagination(max(math.ceil(len(rows) / GRID), 1), key=f"{state.GRID}-{task}-{wanted}")
    with st.container(horizontal=True, gap="small"):
        for candidate in rows[(page - 1) * GRID : page * GRID].tolist():
            with st.container(width=78, gap="xsmall"):
                alt = f"{classes[labels[candidate]]}, test image {candidate}"
                st.image(cache.gallery_picture(checkpoint, task, candidate, 72), width=72, alt=alt)
                st.button(
                    f"{candidate}",
                    key=f"pick-{task}-{candidate}",
                    type="primary" if candidate == row else "secondary",
                    on_click=pick,
                    args=(candidate,),
                    width="stretch",
                )
    return row


def describe(checkpoint: cache.Checkpoint, task: str, row: int) -> None:
    """The query: picture, class, answer, structure, price."""
    classes = cache.info(checkpoint).network.task(task).class_names
    entry = cache.gallery(checkpoint, task).iloc[row]
    st.image(cache.gallery_picture(checkpoint, task, row, 140), width=140, alt="The query")
    mark = "✓" if entry["correct"] else "✗"
    st.markdown(
        f"**{widgets.literal(classes[entry['label']])}**, test image {row}  \nAnswer: "
        f"{widgets.literal(classes[entry['prediction']])} {mark} "
        f"({widgets.percent(float(entry['confidence']), 0)})  \nStructure `{entry['structure']}`  "
        f"\n{widgets.millions(entry['macs'])} MACs, selector included"
    )
    if st.button("Inspect this image", icon=":material/image_search:", key="similar_inspect"):
        state.inspect_row(task, row)


st.title("Similar images")
st.markdown(
    "Images of different tasks can want the same part of the network. Pick a test image; below it are the "
    "four images of every task whose model distribution is nearest to its own."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    task = widgets.choice("Task of the query", tasks, titles, key=state.TASK)
    row = query_row(checkpoint, task)
    st.divider()
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.markdown("**Query**")
        describe(checkpoint, task, row)
    with right, st.spinner("Searching the galleries …"):
        found = cache.neighbours_of_row(checkpoint, task, row)
        widgets.neighbour_rows(checkpoint, found, width=96)
    sizes = ", ".join(
        f"{len(cache.gallery(checkpoint, name)):,} {widgets.literal(titles[name])}" for name in tasks
    )
    st.caption(
        f"Exact search over {sizes} test images, the query itself left out. Below each image: class, ✓ or "
        "✗ for a correct or wrong answer, and the l2 distance of the model distributions (0 is equal, "
        f"{cache.largest_distance(checkpoint, task):.1f} as far as possible)."
    )
