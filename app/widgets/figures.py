"""Charts and tables as every page shows them: with a caption that says how to read them, and their data to save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app import state

CHART_SELECTIONS = {"select2d", "lasso2d"}
"Buttons of the toolbar that only make sense where a selection does something."
METRIC_WIDTH = 170
"Pixels of a number with its label."


Mode = Literal["points", "box", "lasso"]


def chart(
    figure: go.Figure,
    key: str,
    alt: str,
    data: pd.DataFrame | None = None,
    name: str = "",
    caption: str = "",
    on_select: Callable[[], None] | None = None,
    modes: Sequence[Mode] = ("points",),
) -> None:
    """A figure in the colours of the theme.

    Args:
        key: of the element; `picked` and `lasso` read its selection.
        alt: what the chart shows, for screen readers.
        data: what it was drawn from; adds a button that saves it as CSV.
        name: of saved files; the key if not given.
        caption: Markdown; how to read the chart, and how many images of which split it is about.
        on_select: called when a selection in the chart changes.
        modes: "points", "box", "lasso".
    """
    unused = CHART_SELECTIONS if not {"box", "lasso"} & set(modes) else set()
    picture = {
        "format": st.session_state.get(state.IMAGE_FORMAT, "PNG").lower(),
        "filename": file_name(name or key),
        "scale": 2,
    }
    st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={
            "displaylogo": False,
            "scrollZoom": False,
            "modeBarButtonsToRemove": sorted(unused),
            "toImageButtonOptions": picture,
        },
        on_select=on_select if on_select is not None else "ignore",
        selection_mode=tuple(modes),
    )
    _footer(caption, data, name or key, f"{key}-data")


def picked(key: str) -> list[list]:
    """The customdata of the points that are selected in a chart; inside its `on_select`."""
    event = st.session_state.get(key)
    return [point["customdata"] for point in event["selection"]["points"] if "customdata" in point] if event else []


def lasso(key: str) -> list[dict[str, list[float]]]:
    """The outlines that were drawn in a chart, each as lists of x and y: lassos as drawn, boxes as four corners."""
    event = st.session_state.get(key)
    if not event:
        return []
    boxes = [
        {"x": [b["x"][0], b["x"][1], b["x"][1], b["x"][0]], "y": [b["y"][0], b["y"][0], b["y"][1], b["y"][1]]}
        for b in event["selection"].get("box", [])
    ]
    drawn = [{"x": list(part["x"]), "y": list(part["y"])} for part in event["selection"].get("lasso", [])]
    return drawn + boxes


def table(
    frame: pd.DataFrame,
    name: str,
    key: str,
    column_config: dict[str, Any] | None = None,
    caption: str = "",
    **options: Any,
) -> Any:
    """A table that can be sorted, searched and saved as CSV.

    Args:
        name: of the saved file.
        options: more arguments of `st.dataframe`, such as on_select.

    Returns:
        What `st.dataframe` returns.
    """
    options = {"hide_index": True} | options
    shown = st.dataframe(frame, key=key, column_config=column_config, **options)
    _footer(caption, frame, name, f"{key}-data")
    return shown


def small_table(frame: pd.DataFrame, name: str, key: str, data: pd.DataFrame | None = None) -> None:
    """A table of a few rows, drawn at once where `table` loads a grid first, and a button that saves it as CSV.

    Args:
        frame: what is shown; Markdown in its cells is drawn.
        data: what is saved; the same if not given.
    """
    st.table(frame, hide_index=True)
    save_button(frame if data is None else data, name, f"{key}-data")


def save_button(data: pd.DataFrame, name: str, key: str, label: str = "CSV") -> None:
    """A button that saves a frame; the file is only written when it is asked for."""
    st.download_button(
        label,
        data=lambda: data.to_csv(index=False).encode(),
        file_name=f"{file_name(name)}_n{len(data)}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help=f"Save the data, all {len(data):,} rows, as a CSV file.",
    )


def _footer(caption: str, data: pd.DataFrame | None, name: str, key: str) -> None:
    if data is None:
        if caption:
            st.caption(caption)
        return
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.caption(caption or " ", width="stretch")
        save_button(data, name, key)


def file_name(name: str) -> str:
    """The name of a file that a visitor saves: checkpoint, what, and which view of it."""
    parts = (st.session_state.get(state.CHECKPOINT), name, state.view_name())
    return "_".join(part for part in parts if part)


def metric_row(values: Sequence[tuple[str, str, str]]) -> None:
    """Numbers side by side: label, value, and what it means."""
    with st.container(horizontal=True):  # wraps where the window is narrow; columns would cut the numbers
        for label, value, meaning in values:
            st.metric(label, value, help=meaning, border=True, width=METRIC_WIDTH)
