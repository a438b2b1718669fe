"""Path editor: force blocks to levels, and see at once what the image's answer and cost become."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state, widgets
from app.cache import one_image
from app.components import level_editor
from app.views.inspect_image.charts import FORCED, cell_colors
from app.views.inspect_image.subject import Subject, force, forced, undo
from den_core.methods import METHODS

EDITOR = "path_editor"


def show(subject: Subject) -> None:
    """The grid of levels, two buttons, and the comparison with the network's own choice."""
    structure, problem = forced(subject)
    own = subject.inspection.structure
    if problem:
        st.warning(widgets.literal(problem), icon=":material/link_off:")
    current = structure or own
    wanted = subject.truth or subject.answer
    tried = one_image.probed(subject.checkpoint, subject.task, subject.data, (own, current), wanted)
    changed = sum(a != b for a, b in zip(own, current, strict=True))
    words = _in_words(tried, changed, wanted, subject.inspection.early)
    with st.container(horizontal=True, vertical_alignment="center"):
        own_words = (
            ", if the selector did not answer early" if subject.inspection.early else ", the network's own choice"
        )
        st.markdown(f"Runs now: `{current}`" + ("" if changed else own_words), width="stretch")
        st.button(
            "Undo",
            icon=":material/undo:",
            on_click=undo,
            disabled=not st.session_state.get(state.UNDO),
            key="path_undo",
            help="Take back the last change.",
        )
        st.button(
            "Back to the network's own choice",
            icon=":material/restart_alt:",
            on_click=force,
            args=(own, own),
            disabled=not changed,
            key="path_reset",
        )

    def press() -> None:
        if (asked := level_editor.pressed(EDITOR)) is not None:
            force(asked, own)

    distribution = subject.inspection.distribution
    level_editor.level_editor(
        distribution, [int(c) for c in own], [int(c) for c in current], cell_colors(distribution), words, EDITOR, press
    )
    with st.container(key="path-result"):
        st.markdown(widgets.literal(words))
    widgets.small_table(
        _comparison(tried, wanted, changed, subject.inspection.early),
        "path",
        "path_comparison",
        tried[: 2 if changed else 1],
    )
    st.caption(
        "A column is a block, a row a level; the number is the probability in percent that the selector gives that "
        "level. Orange frame: the network's own choice. Dot: what runs now; a dashed frame marks a level that you "
        "forced. Click a cell, or move with the arrow keys and press Enter. The link in the address bar keeps what you "
        "forced. MACs are those of the structure itself, without the selector's, which only the network's own choice "
        "needs."
        + (
            " This image is answered early: none of this runs unless you ask for it here."
            if subject.inspection.early
            else ""
        )
    )


def _in_words(tried: pd.DataFrame, changed: int, wanted: str, early: bool) -> str:
    """One sentence: what the forced structure does compared with the network's own choice."""
    own, now = tried.iloc[0], tried.iloc[1]
    if not changed:
        chooser = "The estimator, if it ran," if early else "The network's own choice"
        return (
            f"{chooser} answers {own['class_name']} and gives {wanted} "
            f"{widgets.percent(own['probability'])} for {widgets.millions(own['macs'])} MACs."
        )
    blocks = "1 block" if changed == 1 else f"{changed} blocks"
    same = now["class_name"] == own["class_name"]
    answer = f"the answer stays {now['class_name']}" if same else f"the answer becomes {now['class_name']}"
    points = 100 * (now["probability"] - own["probability"])
    saved = now["macs"] / own["macs"] - 1
    return (
        f"With {blocks} forced, {answer}; the probability of {wanted} goes from {widgets.percent(own['probability'])} "
        f"to {widgets.percent(now['probability'])} ({_signed(points, 1)} points) and the MACs from "
        f"{widgets.millions(own['macs'])} to {widgets.millions(now['macs'])} ({_signed(100 * saved, 0)} %)."
    )


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def _comparison(tried: pd.DataFrame, wanted: str, changed: int, early: bool) -> pd.DataFrame:
    """The network's own choice and the forced structure as rows, for people."""
    names = ["Would have run" if early else METHODS["chosen"].name, FORCED.short]
    rows = [
        {
            "Which": name,
            "Structure": f"`{row.structure}`",
            "Answer": f"{widgets.literal(row.class_name)} ({widgets.percent(row.confidence)})",
            f"Probability of {widgets.literal(wanted)}": widgets.percent(row.probability),
            "MACs": widgets.millions(row.macs),
            "Parameters": widgets.millions(row.params),
        }
        for name, row in zip(names, tried.itertuples(), strict=True)
    ]
    return pd.DataFrame(rows[: 2 if changed else 1])
