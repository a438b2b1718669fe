"""What two pages or more show: pickers, states, rows of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app import cache, state
from den_core.errors import DenError

PREFERRED_CHECKPOINT = "open3-wrn"
"Shown first where it exists: it is the one that comes with the project."
GAP = 10
"Pixels between the pictures of a row; Streamlit leaves none."
CHART_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"], "scrollZoom": False}


def literal(text: str) -> str:
    """Text that Markdown shows as it is: names of files, classes and tasks come from outside."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def millions(count: float) -> str:
    """A number of MACs or parameters for people: 12.3 M."""
    value = count / 1e6
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} M"


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction for people: 61.2 %."""
    return f"{100 * fraction:.{digits}f} %"


def checkpoint_picker() -> None:
    """The list of checkpoint folders; nothing where there is none, because the page then says so."""
    names = cache.checkpoint_names()
    if names:
        preferred = names.index(PREFERRED_CHECKPOINT) if PREFERRED_CHECKPOINT in names else 0
        st.selectbox(
            "Checkpoint",
            names,
            index=preferred,
            key=state.CHECKPOINT,
            bind="query-params",
            help="Folders under `checkpoints/`, or under the folder that DEN_CHECKPOINTS names.",
        )


def checkpoint() -> cache.Checkpoint:
    """The checkpoint that was picked; the page ends here where there is none."""
    names = cache.checkpoint_names()
    if not names:
        st.info(
            "There is no trained network yet. Train one with `python -m den_core train open3-fast`, then "
            "reload this page.",
            icon=":material/info:",
        )
        st.stop()
    chosen = st.session_state.get(state.CHECKPOINT)
    if chosen not in names:
        chosen = PREFERRED_CHECKPOINT if PREFERRED_CHECKPOINT in names else names[0]
    return cache.identify(chosen)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a deliberate error as one line in place; anything else is a bug and goes to the log."""
    try:
        yield
    except DenError as error:
        st.error(literal(str(error)), icon=":material/error:")


def indexed_tasks(checkpoint: cache.Checkpoint) -> list[str]:
    """The tasks that have a gallery; the page ends here where none has."""
    tasks = cache.tasks_with_gallery(checkpoint)
    if not tasks:
        st.info(
            "The test images of this network are not indexed yet. Write its galleries with `python -m "
            f"den_core index checkpoints/{checkpoint.name}`, then reload this page.",
            icon=":material/info:",
        )
        st.stop()
    return tasks


def task_titles(checkpoint: cache.Checkpoint) -> dict[str, str]:
    """The titles of the checkpoint's tasks, for people, by name."""
    return {task.name: task.label for task in cache.info(checkpoint).network.tasks}


def choice(
    label: str, options: Sequence[str], titles: dict[str, str], key: str, help: str | None = None
) -> str:
    """A segmented control that always has one option chosen and keeps its title in the URL."""
    return st.segmented_control(
        label,
        list(options),
        default=options[0],
        required=True,
        format_func=lambda option: literal(titles.get(option, option)),
        key=key,
        bind="query-params",
        help=help,
    )


def chart(figure: go.Figure, key: str, alt: str, select: bool = False):
    """A figure in the colours of the theme; with `select`, a click reruns the page and is returned."""
    return st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config=CHART_CONFIG,
        on_select="rerun" if select else "ignore",
        selection_mode=("points",),
    )


def picture_row(
    checkpoint: cache.Checkpoint, task: str, rows: Sequence[int], captions: Sequence[str], width: int = 72
) -> None:
    """Images of one gallery side by side, each with its caption (Markdown).

    One element for all of them: what travels to the browser one by one arrives one by one.
    """
    classes = cache.info(checkpoint).network.task(task).class_names
    labels = cache.gallery(checkpoint, task)["label"].to_numpy()
    st.image(
        [cache.gallery_tile(checkpoint, task, row, width, GAP) for row in rows],
        caption=list(captions),
        width=width + GAP,
        alt=[f"{classes[labels[row]]}, test image {row}" for row in rows],
    )


def neighbour_rows(checkpoint: cache.Checkpoint, found: pd.DataFrame, width: int = 72) -> None:
    """The nearest images, one row of pictures per task, each with its class, correctness and distance."""
    titles = task_titles(checkpoint)
    for task, part in found.groupby("task", sort=False):
        classes = cache.info(checkpoint).network.task(task).class_names
        gallery = cache.gallery(checkpoint, task)
        labels, correct = gallery["label"].to_numpy(), gallery["correct"].to_numpy()
        captions = [
            f"{literal(classes[labels[entry.row]])} {'✓' if correct[entry.row] else '✗'}  "
            f"\n{entry.distance:.3f}"
            for entry in part.itertuples()
        ]
        st.markdown(f"**{literal(titles[task])}**")
        picture_row(checkpoint, task, part["row"].tolist(), captions, width)
        nearest = part.iloc[0]
        if nearest["ties"] > 1:
            st.caption(
                f"{nearest['ties']} images are exactly as near as the first; shown in the order of the data."
            )


def folder_for_people(checkpoint: cache.Checkpoint) -> str:
    """Where the checkpoint is, relative to the working directory where that is shorter."""
    path = Path(checkpoint.path)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
