"""What the address bar and the session remember, named in one place.

The first group are keys of widgets that are bound to the URL: the key is the name of the query parameter, so
a view can be shared as a link, and the value stays when the page changes. The second group is read and
written by hand.
"""

from __future__ import annotations

import streamlit as st

CHECKPOINT = "checkpoint"
TASK = "task"
VIEW = "as"
NEAR = "near"
ROW = "row"
CLASS = "class"
GRID = "grid"
READING = "reading"
FIRST, SECOND = "first", "second"
SCOPE = "scope"
AVERAGE_OVER = "mean"

PICTURE = "picture"
"Query parameter: which picture is inspected, as sample:NAME or TASK:ROW; none for an upload."
UPLOAD = "inspect_upload"
"Session: (name, bytes) of the last uploaded or pasted image, kept while the visitor looks at other pages."

INSPECT_PAGE = "views/inspect_image.py"
SIMILAR_PAGE = "views/similar_images.py"
USAGE_PAGE = "views/level_usage.py"
CHOSEN_PAGE = "views/chosen_models.py"
TRADE_OFF_PAGE = "views/trade_off.py"


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
    st.switch_page(INSPECT_PAGE, query_params={PICTURE: f"{task}:{row}"})
