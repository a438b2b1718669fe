"""The filters that every page of whole test sets shares; they live in the URL and travel from page to page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cache, state
from app.widgets.pickers import choice, task_titles
from app.widgets.text import literal
from den_core.analysis.slices import Slice
from den_core.checkpoints.metrics import AVERAGE

ALL_TASKS = "all"
ANY = "any"
AVERAGE_TITLE = "Average over tasks"
ANSWERED = {ANY: "By anyone", "selector": "By the selector, early", "estimator": "By the estimator"}
VERDICTS = {ANY: "Any answer", "right": "✓ Right", "wrong": "✗ Wrong"}
NARROW, WIDE = 116, 240
"Pixels of a filter, where there are many and where there are few."
FIELDS = ("task", "class", "predicted", "correct", "answered", "structure", "macs", "confidence")


def task_or_average(label: str, checkpoint: cache.Checkpoint) -> str:
    """The choice between the tasks and AVERAGE, of a page about what was measured by task.

    It shares its place in the URL with the filters of other pages, where the same option stands for all images.
    """
    titles = {ALL_TASKS: AVERAGE_TITLE} | task_titles(checkpoint)
    state.forget_unless(state.SCOPE, titles)
    scope = choice(label, list(titles), titles, key=state.SCOPE)
    return AVERAGE if scope == ALL_TASKS else scope


def slice_filters(checkpoint: cache.Checkpoint, tasks: Sequence[str], fields: Sequence[str] = FIELDS) -> Slice:
    """Draw the filters that are asked for, and say which images they take.

    Args:
        tasks: the indexed tasks.
        fields: of FIELDS.
    """
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            scope = _task(checkpoint, tasks) if "task" in fields else ALL_TASKS
            st.button("Clear filters", on_click=state.clear_filters, type="tertiary", icon=":material/filter_alt_off:")
        chosen = list(tasks) if scope == ALL_TASKS else [scope]
        width = NARROW if len(fields) > 4 else WIDE
        with st.container(horizontal=True, vertical_alignment="bottom"):  # wraps in a narrow window
            return Slice(
                tasks=tuple(chosen),
                label=_class(checkpoint, chosen, state.CLASS, "Class", width) if "class" in fields else None,
                predicted=_class(checkpoint, chosen, state.PREDICTED, "Answer", width)
                if "predicted" in fields
                else None,
                correct=_correct(width) if "correct" in fields else None,
                early=_early(checkpoint, tasks, width) if "answered" in fields else None,
                structure=_structure(width) if "structure" in fields else "",
                macs=_macs(checkpoint, tasks, width) if "macs" in fields else None,
                confidence=_confidence(width) if "confidence" in fields else None,
            )


def _task(checkpoint: cache.Checkpoint, tasks: Sequence[str]) -> str:
    options = [ALL_TASKS, *tasks] if len(tasks) > 1 else list(tasks)
    titles = task_titles(checkpoint) | {ALL_TASKS: "All tasks"}
    state.forget_unless(state.SCOPE, options)
    return st.segmented_control(
        "Test images of",
        options,
        default=options[0],
        required=True,
        format_func=lambda option: literal(titles[option]),
        key=state.SCOPE,
        bind="query-params",
    )


def _class(checkpoint: cache.Checkpoint, tasks: Sequence[str], key: str, label: str, width: int) -> str | None:
    known = cache.classes(checkpoint)
    options = [ANY, *dict.fromkeys(name for task in tasks for name in known[task])]
    state.forget_unless(key, options)
    picked = st.selectbox(
        label,
        options,
        format_func=lambda name: f"Any {label.lower()}" if name == ANY else name,
        key=key,
        bind="query-params",
        width=width,
    )
    return None if picked == ANY else picked


def _correct(width: int) -> bool | None:
    picked = _word("Verdict", VERDICTS, state.CORRECT, width)
    return None if picked == ANY else picked == "right"


def _early(checkpoint: cache.Checkpoint, tasks: Sequence[str], width: int) -> bool | None:
    """Drawn only where some image is answered early."""
    if not any(cache.gallery(checkpoint, task).early.any() for task in tasks):
        st.session_state.pop(state.ANSWERED, None)
        return None
    picked = _word("Answered", ANSWERED, state.ANSWERED, width)
    return None if picked == ANY else picked == "selector"


def _word(label: str, titles: dict[str, str], key: str, width: int) -> str:
    """One of a few words, in the URL."""
    return st.selectbox(
        label, list(titles), format_func=lambda name: titles[name], key=key, bind="query-params", width=width
    )


def _structure(width: int) -> str:
    return st.text_input(
        "Structure",
        key=state.STRUCTURE,
        bind="query-params",
        placeholder="33*1",
        help="One digit per block; ? stands for one block at any level, * for any run of blocks.",
        width=width,
    ).strip()


def _macs(checkpoint: cache.Checkpoint, tasks: Sequence[str], width: int) -> tuple[float, float] | None:
    columns = [cache.gallery(checkpoint, task).frame["macs"] for task in tasks]
    low = int(min(column.min() for column in columns) // 1_000_000)
    high = int(-(-max(column.max() for column in columns) // 1_000_000))
    if high - low < 2:
        return None
    asked = st.session_state.get(state.MACS)
    if asked is not None and not low <= asked[0] <= asked[1] <= high:  # of another checkpoint
        del st.session_state[state.MACS]
    ends = st.slider("MACs (millions)", low, high, (low, high), key=state.MACS, bind="query-params", width=width)
    return None if ends == (low, high) else (ends[0] * 1e6, ends[1] * 1e6)


def _confidence(width: int) -> tuple[float, float] | None:
    ends = st.slider("Confidence (%)", 0, 100, (0, 100), key=state.CONFIDENCE, bind="query-params", width=width)
    return None if ends == (0, 100) else (ends[0] / 100, ends[1] / 100)
