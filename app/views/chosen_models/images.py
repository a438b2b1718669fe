"""The images that chose one structure, or any that fits the pattern."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state
from app.widgets import grids
from den_core.analysis.slices import Slice, matches
from den_core.structure_keys import is_early


def show(checkpoint: cache.Checkpoint, found: pd.DataFrame, tasks: list[str]) -> None:
    """The images of the picked structure, or of all that fit the pattern."""
    picked = st.query_params.get(state.PICKED)
    known = picked is not None and bool((found["structure"] == picked).any())
    pattern = picked if picked is not None and known else _pattern()
    heading = f"**Images that chose** `{pattern}`" if pattern else "**Images of all these structures**"
    where = Slice(tasks=tuple(tasks), structure=pattern)
    if is_early(pattern):
        heading, where = "**Images that the selector answered early**", Slice(tasks=tuple(tasks), early=True)
    if known and len(found) > 1:
        st.button(
            "Images of all structures in the table",
            on_click=want,
            args=(None,),
            type="tertiary",
            icon=":material/filter_alt_off:",
        )
    grids.of_slice(checkpoint, where, "chosen_images", heading)


def want(structure: str | None) -> None:
    """List the images of one structure from now on, or of all that fit the pattern; a callback."""
    state.set_parameter(state.PICKED, structure)
    if structure is not None and not matches([structure], _pattern())[0]:
        st.session_state.pop(state.STRUCTURE, None)


def _pattern() -> str:
    """The pattern as it was typed; empty where it is none."""
    text = (st.session_state.get(state.STRUCTURE) or "").strip()
    return text if set(text) <= set("0123456789?*") else ""
