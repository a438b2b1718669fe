"""What a visitor picks on every page, and what a page shows where there is nothing to pick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from app import cache, state
from app.widgets.text import literal
from den_core.errors import DenError

S = TypeVar("S", bound=str)
PREFERRED_CHECKPOINT = "open3-wrn"
"Shown first where it exists: it is the one that comes with the project."


def preferred(names: Sequence[str]) -> str:
    """The checkpoint that is shown where none was picked."""
    return PREFERRED_CHECKPOINT if PREFERRED_CHECKPOINT in names else names[0]


def checkpoint_picker() -> None:
    """The list of checkpoint folders; nothing where there is none, because the page then says so."""
    names = cache.checkpoint_names()
    if not names:
        return
    wanted = st.query_params.get(state.CHECKPOINT)
    shown = st.session_state.get(state.CHECKPOINT)
    if shown is not None and shown not in names:  # its folder vanished while the app ran
        wanted = shown
        st.session_state.pop(state.CHECKPOINT)
    st.selectbox(
        "Checkpoint",
        names,
        index=names.index(preferred(names)),
        key=state.CHECKPOINT,
        bind="query-params",
        help=f"Folders in `{cache.checkpoints_root()}`; `den app --checkpoints FOLDER` looks in another one.",
    )
    if wanted is not None and wanted not in names:
        st.warning(
            f"There is no checkpoint {literal(wanted[:80])} here; this is {literal(preferred(names))}.",
            icon=":material/warning:",
        )


def image_format_picker() -> None:
    """In which format the camera of a chart saves it."""
    st.segmented_control(
        "Save charts as",
        ["PNG", "SVG"],
        default="PNG",
        required=True,
        key=state.IMAGE_FORMAT,
        bind="query-params",
        help="The camera at the top right of every chart saves it in this format.",
    )


def checkpoint() -> cache.Checkpoint:
    """The checkpoint that was picked; the page ends here where there is none."""
    names = cache.checkpoint_names()
    if not names:
        root = cache.checkpoints_root()
        st.info(
            f"There is no trained network in `{root}`. Train one with `den train open3-fast --out {root / 'mine'}`, "
            "then reload this page; or name another folder with `den app --checkpoints FOLDER`.",
            icon=":material/info:",
        )
        st.stop()
    chosen = st.session_state.get(state.CHECKPOINT)
    return cache.identify(chosen if chosen in names else preferred(names))


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a deliberate error, or files that went away, as one line in place; anything else is a bug for the log."""
    try:
        yield
    except DenError as error:
        st.error(literal(str(error)), icon=":material/error:")
    except OSError as error:
        st.error(
            f"A file could not be read ({literal(error.strerror or type(error).__name__)}"
            f"{literal(f': {error.filename}') if error.filename else ''}); if it was being written, reload this page.",
            icon=":material/error:",
        )


def indexed_tasks(checkpoint: cache.Checkpoint) -> list[str]:
    """The tasks that have a gallery; the page ends here where none has."""
    tasks = cache.tasks_with_gallery(checkpoint)
    if not tasks:
        st.info(
            "The test images of this network are not indexed yet. Write its galleries with "
            f"`den index {checkpoint.folder}`, then reload this page.",
            icon=":material/info:",
        )
        st.stop()
    return tasks


def say_not_evaluated(checkpoint: cache.Checkpoint) -> None:
    """The state of a page or section that needs the metrics of a checkpoint that has none."""
    st.info(
        "This network is not evaluated yet. Measure it with `den evaluate "
        f"{checkpoint.folder} --write`, then reload this page.",
        icon=":material/info:",
    )


def task_titles(checkpoint: cache.Checkpoint) -> dict[str, str]:
    """The titles of the checkpoint's tasks, for people, by name."""
    return {task.name: task.label for task in cache.info(checkpoint).network.tasks}


def choice(label: str, options: Sequence[S], titles: Mapping[S, str], key: str, help: str | None = None) -> S:
    """A segmented control that always has one option chosen and keeps its title in the URL."""
    return st.segmented_control(
        label,
        list(options),
        default=options[0],
        required=True,
        format_func=lambda option: literal(titles[option] if option in titles else option),
        key=key,
        bind="query-params",
        help=help,
    )
