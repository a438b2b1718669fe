"""A map of blocks and levels whose cells are buttons: pressing one forces that block to that level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "den_level_editor",
    html='<div class="editor"></div><p class="status" role="status"></p>',
    css=(_HERE / "level_editor.css").read_text("utf-8"),
    js=(_HERE / "level_editor.js").read_text("utf-8"),
)


def level_editor(
    probabilities: np.ndarray,
    chosen: Sequence[int],
    current: Sequence[int],
    colors: Sequence[Sequence[str]],
    status: str,
    key: str,
    on_press: Callable[[], None],
) -> None:
    """Show the map; `pressed(key)` tells the structure that the visitor asked for.

    Args:
        probabilities: model distribution, (n, h).
        chosen: the model's own level of every block, (n,).
        current: the level that every block runs at now, (n,); where it differs from `chosen` it is forced.
        colors: of every cell, (n, h), as CSS.
        status: plain text for screen readers: what the current structure gives.
        on_press: called before the page runs again.
    """
    data = {
        "cells": [
            [{"share": float(share), "color": color} for share, color in zip(row, shades, strict=True)]
            for row, shades in zip(np.asarray(probabilities), colors, strict=True)
        ],
        "chosen": [int(level) for level in chosen],
        "current": [int(level) for level in current],
        "status": status,
    }
    _component(data=data, key=key, on_forced_change=on_press)


def pressed(key: str) -> str | None:
    """The structure after the press, one digit per block; inside `on_press`."""
    return st.session_state[key].forced
