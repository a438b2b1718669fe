"""What the address bar and the session remember, named in one place.

The first group are keys of widgets that are bound to the URL: the key is the name of the query parameter, so a view can
be shared as a link, and the value stays when the page changes. The second group is read and written by hand.
"""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from app.pages import PAGES

CHECKPOINT, OTHER = "checkpoint", "other"
TASK = "task"
VIEW = "as"
NEAR = "near"
ROW = "row"
CLASS, PREDICTED, CORRECT, STRUCTURE, MACS, CONFIDENCE = (
    "class",
    "predicted",
    "correct",
    "structure",
    "macs",
    "confidence",
)
BLOCK, LEVEL = "block", "level"
READING = "reading"
FIRST, SECOND = "first", "second"
FIRST_CLASS, SECOND_CLASS = "first_class", "second_class"
FIRST_CORRECT, SECOND_CORRECT = "first_correct", "second_correct"
SCOPE = "scope"
AVERAGE_OVER = "mean"
SPACE = "space"
COLOR = "color"
PROJECTION = "projection"
STEP = "step"
WEIGHT = "weight"
ORDER = "order"
OUTCOME = "outcome"
IMAGE_FORMAT = "save"

PICTURE = "picture"
"Query parameter: which picture is inspected, as sample:NAME or TASK:POSITION; none for an upload."
LASSO = "lasso"
"Query parameter: the polygon that was drawn on the map."
FORCED = "forced"
"Query parameter: the structure that the path editor forces."
UPLOAD = "inspect_upload"
"Session: the uploaded or pasted image that is looked at, kept while the visitor looks at other pages."

FILTERS = (SCOPE, CLASS, PREDICTED, CORRECT, STRUCTURE, MACS, CONFIDENCE)
"Keys of the filters that travel from page to page."


def picture_reference() -> str | None:
    """Which picture the URL asks for."""
    return st.query_params.get(PICTURE)


def show_picture(reference: str) -> None:
    """Inspect that picture from now on; forget an upload."""
    st.session_state.pop(UPLOAD, None)
    st.query_params[PICTURE] = reference


def show_upload(name: str, data: bytes) -> None:
    """Inspect an uploaded or pasted image from now on."""
    st.session_state[UPLOAD] = (name, data)
    st.query_params.pop(PICTURE, None)


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
    parts = [
        f"{key}-{value}" for key, value in st.query_params.items() if key not in (CHECKPOINT, IMAGE_FORMAT, LASSO)
    ]
    return re.sub(r"[^\w.+-]+", "-", "_".join(parts))[:80].strip("-_")
