"""What the address bar and the session remember, named in one place.

Most are keys of widgets that are bound to the URL: the key is the name of the query parameter, so a view can be shared
as a link, and the value stays when the page changes. Others are query parameters that are read and written by hand, or
live in the session alone; their comment says so.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import streamlit as st

from app.pages import PAGES

# Every page.
CHECKPOINT = "checkpoint"
IMAGE_FORMAT = "save"
"In which format charts are saved."

# Several pages: which task, and the filters of whole test sets.
TASK = "task"
SCOPE = "scope"
"One task, or all of them."
CLASS, PREDICTED, CORRECT = "class", "predicted", "correct"
ANSWERED, STRUCTURE, MACS, CONFIDENCE = "answered", "structure", "macs", "confidence"
FILTERS = (SCOPE, CLASS, PREDICTED, CORRECT, ANSWERED, STRUCTURE, MACS, CONFIDENCE)
"Keys of the filters that travel from page to page."
WEIGHT = "weight"
"The cost weight, of one image or of the whole network."

# Two-minute tour.
STEP = "step"

# Inspect an image.
PICTURE = "picture"
"Query parameter: which picture is inspected, as sample:NAME or TASK:POSITION; none for an upload."
VIEW = "as"
"The task that the picture is taken as an image of, or all."
LOOK = "look"
"Which tool is shown."
NEAR = "near"
"The task that the tools take the picture as an image of."
SELECTOR = "selector"
"Which MACs the accuracy–cost picture counts."
FORCED = "forced"
"Query parameter: the structure that the path editor forces."
UNDO = "inspect_undo"
"Session: the structures that were forced before, the last one at the end; empty text for the network's own choice."
UPLOAD = "inspect_upload"
"Session: the uploaded or pasted image that is looked at, kept while the visitor looks at other pages."

# Similar images.
SHOW = "show"
"Neighbours of one image, or mutual neighbours."
ROW = "row"
"The position of the query in its task's gallery."
SPACE = "space"
"What makes images alike."
PAIR = "pair"
"Which two tasks' mutual neighbours."

# Level usage.
READING = "reading"
BLOCK, LEVEL = "block", "level"
FIRST, FIRST_CLASS, FIRST_CORRECT = "first", "first_class", "first_correct"
SECOND, SECOND_CLASS, SECOND_CORRECT = "second", "second_class", "second_correct"
CLEAR = "clear"
"Whether differences that may be noise are left out."

# Chosen models.
PICKED = "picked"
"Query parameter: the structure whose images are listed, one of those that fit the pattern."

# Hard images.
YARDSTICK = "yardstick"
"The structure whose loss says how hard an image is."
GROUP = "group"
"Query parameter: the group by MACs whose images are listed, from 1."
SPENT = "spent"
"Query parameter: the outcome or bin of overspend whose images are listed, as outcome:NAME or bin:NUMBER."

# Right and wrong.
SECTION = "section"
"Which of its charts is shown."
BY = "by"
"What the slices are cut by."
MATRIX = "matrix"
"The task whose confusion matrix is shown, where there are several."
MISTAKES = "mistakes"
"Whether the matrix leaves right answers out."
INDEXED = "right_tasks"
"Session: the tasks that have a gallery, for the callback of a clicked slice."

# Map.
PROJECTION = "projection"
COLOR = "color"
LASSO = "lasso"
"Query parameter: the polygon that was drawn on the map."
DRAWN_ON = "map_drawn_on"
"Session: the checkpoint and map that the outline belongs to; its coordinates mean nothing on another."

# Trade-off.
AVERAGE_OVER = "mean"
"What an accuracy is the mean over."
RIVALS = "rivals"
"Which comparison with other methods is shown."

# Compare.
OTHER = "other"
"The second checkpoint."
OUTCOME = "outcome"
"The cell of the two-by-two table."
ORDER = "order"
DIFFERENCE = "difference"
"Query parameter: the bin of the histogram that was clicked, as low_high in MACs."


def set_parameter(name: str, value: str | None) -> None:
    """Write a query parameter that no widget is bound to, or take it away."""
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def forget_unless(key: str, options: Container[Any]) -> None:
    """Drop a widget's value that another page, task or checkpoint left and that is no option here."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def picture_reference() -> str | None:
    """Which picture the URL asks for."""
    return st.query_params.get(PICTURE)


def show_picture(reference: str) -> None:
    """Inspect that picture from now on; forget an upload."""
    st.session_state.pop(UPLOAD, None)
    set_parameter(PICTURE, reference)


def show_upload(name: str, data: bytes) -> None:
    """Inspect an uploaded or pasted image from now on."""
    st.session_state[UPLOAD] = (name, data)
    set_parameter(PICTURE, None)


def uploaded() -> tuple[str, bytes] | None:
    """Name and bytes of the image that the visitor brought, if that is what is looked at."""
    return st.session_state.get(UPLOAD)


def inspect_row(task: str, row: int) -> None:
    """Go to the page Inspect an image with an image of a gallery; the checkpoint goes along by itself."""
    st.session_state.pop(UPLOAD, None)
    # Through the session, not the URL: Streamlit refuses to set the parameter of a bound widget.
    st.session_state[VIEW] = task
    st.switch_page(PAGES["inspect_image"].path, query_params={PICTURE: f"{task}:{row}"})


def set_filters(**values: Any) -> None:
    """Set bound widgets by their keys, from a callback: before they are drawn again."""
    for key, value in values.items():
        st.session_state[key] = value


def clear_filters() -> None:
    """Take back every filter, from a callback."""
    for key in FILTERS:
        st.session_state.pop(key, None)


def view_name() -> str:
    """What is shown, for the names of files that a visitor saves: the parameters of the URL, shortened."""
    parts = [f"{key}-{value}" for key, value in st.query_params.items() if key not in (CHECKPOINT, IMAGE_FORMAT, LASSO)]
    return re.sub(r"[^\w.+-]+", "-", "_".join(parts))[:80].strip("-_")
