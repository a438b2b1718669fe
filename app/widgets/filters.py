"""The filters that every page of whole test sets shares; they live in the URL and travel from page to page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cache, state
from app.widgets.pickers import task_titles
from app.widgets.text import literal
from den_core.analysis.slices import Slice

ALL_TASKS = "all"
ANY = "any"
VERDICTS = {ANY: "Any answer", "right": "✓ Right", "wrong": "✗ Wrong"}
FIELDS = ("task", "class", "predicted", "correct", "structure", "macs", "confidence")


def slice_filters(checkpoint: cache.Checkpoint, tasks: Sequence[str], fields: Sequence[str] = FIELDS) -> Slice:
    """Draw the filters that are asked for, and say which images they take.

    Args:
        tasks: the indexed tasks.
        fields: of FIELDS.
    """
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            scope = _task(checkpoint, tasks) if "task" in fields else ALL_TASKS
            st.button(
                "Clear filters", on_click=state.clear_filters, type="tertiary", icon=":material/filter_alt_off:"
            )
        chosen = list(tasks) if scope == ALL_TASKS else [scope]
        names = {"class": (state.CLASS, "Class"), "predicted": (state.PREDICTED, "Answer")}
        wide = [field for field in FIELDS[1:] if field in fields]
        places = dict(zip(wide, st.columns(max(len(wide), 1), vertical_alignment="bottom"), strict=False))
        picked: dict[str, str | None] = {field: None for field in names}
        for field, (key, label) in names.items():
            if field in places:
                with places[field]:
                    picked[field] = _class(checkpoint, chosen, key, label)
        correct = _correct(places["correct"]) if "correct" in places else None
        structure = _structure(places["structure"]) if "structure" in places else ""
        macs = _macs(checkpoint, tasks, places["macs"]) if "macs" in places else None
        confidence = _confidence(places["confidence"]) if "confidence" in places else None
    return Slice(
        tasks=tuple(chosen),
        label=picked["class"],
        predicted=picked["predicted"],
        correct=correct,
        structure=structure,
        macs=macs,
        confidence=confidence,
    )


def _task(checkpoint: cache.Checkpoint, tasks: Sequence[str]) -> str:
    options = [ALL_TASKS, *tasks] if len(tasks) > 1 else list(tasks)
    titles = task_titles(checkpoint) | {ALL_TASKS: "All tasks"}
    _forget_unless(state.SCOPE, options)
    return st.segmented_control(
        "Test images of",
        options,
        default=options[0],
        required=True,
        format_func=lambda option: literal(titles[option]),
        key=state.SCOPE,
        bind="query-params",
    )


def _class(checkpoint: cache.Checkpoint, tasks: Sequence[str], key: str, label: str) -> str | None:
    known = cache.classes(checkpoint)
    options = [ANY, *dict.fromkeys(name for task in tasks for name in known[task])]
    _forget_unless(key, options)
    picked = st.selectbox(
        label,
        options,
        format_func=lambda name: f"Any {label.lower()}" if name == ANY else name,
        key=key,
        bind="query-params",
    )
    return None if picked == ANY else picked


def _correct(place) -> bool | None:
    picked = place.selectbox(
        "Verdict", list(VERDICTS), format_func=VERDICTS.get, key=state.CORRECT, bind="query-params"
    )
    return None if picked == ANY else picked == "right"


def _structure(place) -> str:
    return place.text_input(
        "Structure",
        key=state.STRUCTURE,
        bind="query-params",
        placeholder="33*1",
        help="One digit per block; ? stands for one block at any level, * for any run of blocks.",
    ).strip()


def _macs(checkpoint: cache.Checkpoint, tasks: Sequence[str], place) -> tuple[float, float] | None:
    columns = [cache.gallery(checkpoint, task).frame["macs"] for task in tasks]
    low = int(min(column.min() for column in columns) // 1_000_000)
    high = int(-(-max(column.max() for column in columns) // 1_000_000))
    if high - low < 2:
        return None
    ends = place.slider("MACs (millions)", low, high, (low, high), key=state.MACS, bind="query-params")
    return None if ends == (low, high) else (ends[0] * 1e6, ends[1] * 1e6)


def _confidence(place) -> tuple[float, float] | None:
    ends = place.slider("Confidence (%)", 0, 100, (0, 100), key=state.CONFIDENCE, bind="query-params")
    return None if ends == (0, 100) else (ends[0] / 100, ends[1] / 100)


def _forget_unless(key: str, options: Sequence[str]) -> None:
    """A value from another page or another task that is no option here."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
