"""The outline that a visitor draws on the map, kept in the URL."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from app import cache, state, widgets
from den_core.analysis import projection
from den_core.errors import DataError

CLICK = 0.02
"A click on a point takes what lies within this share of the map's width around it."


def keep(chart: str, width: float) -> Callable[[], None]:
    """Makes a callback that writes what was drawn or clicked into the URL; a click beside everything changes nothing.

    Args:
        chart: the key of the map.
        width: of the map, in its own units.
    """

    def write() -> None:
        outlines = widgets.lasso(chart)
        event = st.session_state.get(chart)
        points = event["selection"]["points"] if event else []
        if outlines:
            corners = np.column_stack([outlines[-1]["x"], outlines[-1]["y"]])
        elif points:
            x, y, reach = points[0]["x"], points[0]["y"], CLICK * width / 2
            corners = projection.box((x - reach, x + reach), (y - reach, y + reach))
        else:
            return
        if len(corners) >= 3:
            state.set_parameter(state.LASSO, projection.outline_text(corners))

    return write


def forget() -> None:
    """Take the selection back."""
    state.set_parameter(state.LASSO, None)


def of_the_link(checkpoint: cache.Checkpoint, method: str) -> np.ndarray | None:
    """The outline that the URL holds, if it was drawn on this map."""
    here, before = (checkpoint.path, method), st.session_state.get(state.DRAWN_ON)
    st.session_state[state.DRAWN_ON] = here
    if before not in (None, here):
        forget()
    text = st.query_params.get(state.LASSO)
    if text is None:
        return None
    try:
        return projection.read_outline(text)
    except DataError as error:
        st.warning(f"The link's selection cannot be read: {widgets.literal(str(error))}", icon=":material/warning:")
        return None
