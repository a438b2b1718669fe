"""Pictures side by side, each a button: pressing one tells which."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from den_core.structure_keys import is_early

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "den_image_grid",
    html='<div class="grid"></div>',
    css=(_HERE / "image_grid.css").read_text("utf-8"),
    js=(_HERE / "image_grid.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class Tile:
    """One picture of a grid.

    Args:
        id: what pressing it tells.
        picture: encoded, small; None where there is none.
        alt: what it is, for screen readers and as a tooltip.
        lines: text below it, plain.
        structure: levels to draw as a strip of colours; of an early answer, the word stands there; empty for none.
        current: whether it is marked as the one that is looked at.
    """

    id: str
    picture: bytes | None
    alt: str
    lines: Sequence[str] = ()
    structure: str = ""
    current: bool = False


def image_grid(
    tiles: Sequence[Tile],
    key: str,
    side: int,
    level_colors: Sequence[str] = (),
    action: str = "Inspect it",
    on_press: Callable[[], None] | None = None,
) -> str | None:
    """Show tiles; returns the id of the one that was pressed just now.

    Args:
        side: pixels of a picture.
        level_colors: of the strips.
        action: what pressing does, for screen readers.
        on_press: called before the page runs again; `pressed(key)` tells it which.
    """
    items = [
        {
            "id": tile.id,
            "src": _data_url(tile.picture),
            "alt": tile.alt,
            "lines": list(tile.lines),
            "early": is_early(tile.structure),
            "strip": [] if is_early(tile.structure) else [int(level) for level in tile.structure],
            "current": tile.current,
        }
        for tile in tiles
    ]
    data = {"items": items, "side": side, "colors": list(level_colors), "action": action}
    result = _component(data=data, key=key, on_pressed_change=on_press or (lambda: None))
    return result.pressed


def pressed(key: str) -> str | None:
    """The id of the tile that was pressed just now; inside `on_press`."""
    return st.session_state[key].pressed


def _data_url(picture: bytes | None) -> str:
    if picture is None:
        return ""
    kind = "png" if picture.startswith(b"\x89PNG") else "webp" if picture[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
