"""The image that the tools of Inspect an image are about, taken as an image of one task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app import cache, state

if TYPE_CHECKING:
    from den_core.analysis.inspection import Inspection

PATH, COSTS, WEIGHT, STABILITY, SIMILAR = "path", "costs", "weight", "stability", "similar"
"The tools: what the key LOOK holds."
STEPS = 100
"Changes that can be undone."


@dataclass(frozen=True)
class Subject:
    """One image as an image of one task.

    Args:
        data: encoded image.
        title: of the task, for people.
        inspection: what the network does with it by itself.
        truth: its true class; None where it is not known.
        row: its position in the task's gallery; None where it is no test image of the task.
    """

    checkpoint: cache.Checkpoint
    data: bytes
    task: str
    title: str
    inspection: Inspection
    truth: str | None
    row: int | None

    @property
    def num_levels(self) -> int:
        return self.inspection.distribution.shape[1]

    @property
    def answer(self) -> str:
        """The class that the network's own choice names."""
        return self.inspection.predictions["class_name"].iat[0]


def forced(subject: Subject) -> tuple[str | None, str]:
    """The structure in the URL, None for the network's own choice; and what is wrong with it, if anything is."""
    from den_core.errors import StructureError
    from den_core.structures import parse_structure

    asked = st.query_params.get(state.FORCED)
    if asked is None:
        return None, ""
    try:
        parse_structure(asked, *subject.inspection.distribution.shape)
    except StructureError as error:
        return None, f"The structure in the address is ignored: {str(error)[:160]}"
    return (asked if asked != subject.inspection.structure else None), ""


def force(structure: str, own: str, look: bool = False) -> None:
    """Force a structure from now on; a callback.

    Args:
        own: the network's own choice; forcing that is forcing nothing.
        look: also show the path editor.
    """
    before, wanted = st.query_params.get(state.FORCED, ""), "" if structure == own else structure
    if wanted != before:
        history = st.session_state.setdefault(state.UNDO, [])
        history.append(before)
        del history[:-STEPS]
        state.set_parameter(state.FORCED, wanted or None)
    if look:
        st.session_state[state.LOOK] = PATH


def undo() -> None:
    """Take back the last change; a callback."""
    if st.session_state.get(state.UNDO):
        state.set_parameter(state.FORCED, st.session_state[state.UNDO].pop() or None)
