"""The test image whose neighbours are looked for: pages of images to pick it from, and what it is."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from app import cache, state, widgets
from app.components.image_grid import Tile, image_grid, pressed
from app.style import level_colors
from den_core.errors import ImageError

GRID = 16
PICKER = "similar_picker"


def choose(checkpoint: cache.Checkpoint, task: str) -> int:
    """Pages of the task's test images, each a button; returns the position that is the query."""
    classes = cache.classes(checkpoint)[task]
    labels = cache.gallery(checkpoint, task).frame["label"].to_numpy()
    state.forget_unless(state.CLASS, [widgets.ANY, *classes])
    state.forget_unless(state.ROW, range(len(labels)))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    wanted = left.selectbox(
        "Class",
        [widgets.ANY, *classes],
        format_func=lambda name: "Any class" if name == widgets.ANY else name,
        key=state.CLASS,
        bind="query-params",
    )
    row = right.number_input("Query: test image", 0, len(labels) - 1, 0, key=state.ROW, bind="query-params")
    rows = np.arange(len(labels)) if wanted == widgets.ANY else np.flatnonzero(labels == classes.index(wanted))
    if not len(rows):
        st.info("No test image has this class.", icon=":material/filter_alt_off:")
        return row
    pages = math.ceil(len(rows) / GRID)
    page = st.pagination(pages, key=f"similar_page-{task}-{wanted}") if pages > 1 else 1
    tiles = [
        Tile(
            id=f"{candidate}",
            picture=_picture(checkpoint, task, candidate),
            alt=f"{classes[labels[candidate]]}, test image {candidate}",
            lines=(f"{candidate}",),
            current=candidate == row,
        )
        for candidate in rows[(page - 1) * GRID : page * GRID].tolist()
    ]
    image_grid(tiles, PICKER, 60, action="Make it the query", on_press=_pick)
    return row


def _pick() -> None:
    """The visitor picked a query from the grid; a callback."""
    if (row := pressed(PICKER)) is not None:
        st.session_state[state.ROW] = int(row)


def describe(checkpoint: cache.Checkpoint, task: str, row: int) -> None:
    """The query: picture, class, answer, structure, cost."""
    classes = cache.classes(checkpoint)[task]
    gallery = cache.gallery(checkpoint, task)
    entry = gallery.frame.iloc[row]
    tile = Tile(
        id=f"{row}",
        picture=_picture(checkpoint, task, row),
        alt=f"The query: {classes[entry['label']]}, test image {row}",
        structure=entry["structure"],
    )
    if image_grid([tile], "similar_query", 110, level_colors(gallery.num_levels)) is not None:
        state.inspect_row(task, row)
    mark = "✓" if entry["correct"] else "✗"
    ran = "Answered by the selector, no block ran" if entry["early"] else f"Structure `{entry['structure']}`"
    st.markdown(
        f"**{widgets.literal(classes[entry['label']])}**, test image {row}  \nAnswer: "
        f"{widgets.literal(classes[entry['prediction']])} {mark} "
        f"({widgets.percent(float(entry['confidence']), 0)})  \n{ran}  "
        f"\n{widgets.millions(entry['macs'])} MACs, selector included"
    )
    if st.button("Inspect this image", icon=":material/image_search:", key="similar_inspect"):
        state.inspect_row(task, row)


def _picture(checkpoint: cache.Checkpoint, task: str, row: int) -> bytes | None:
    """The picture of a test image; None where the data set is not on this machine or the image is damaged."""
    try:
        return widgets.picture(checkpoint, task, row, 144)
    except ImageError:
        return None
