"""Which two checkpoints are compared, and on which of their tasks."""

from __future__ import annotations

import streamlit as st

from app import cache, state, widgets
from app.cache import whole_network
from den_core.analysis import comparison as analysis
from den_core.errors import DataError, DenError


def second(first: cache.Checkpoint) -> cache.Checkpoint:
    """The checkpoint that the first one is compared with; the page ends here where there is none.

    Raises:
        DataError: it cannot be read.
    """
    others = [name for name in cache.checkpoint_names() if name != first.name]
    if not others:
        st.info(
            "There is only one checkpoint, and it takes two to compare. Train a second one, for example with "
            "`den train open3-fast --seed 1 --out checkpoints/second`, index it with "
            "`den index checkpoints/second`, then reload this page. Any other finished checkpoint "
            "folder of the same tasks, copied to `checkpoints/`, will do as well.",
            icon=":material/info:",
        )
        st.stop()
    state.forget_unless(state.OTHER, others)
    name = st.selectbox(
        "Compare with",
        others,
        key=state.OTHER,
        bind="query-params",
        help="The second checkpoint. The first one is picked in the sidebar.",
    )
    found = cache.identify(name)
    try:
        cache.info(found)
    except DenError as error:
        raise DataError(f"{found.name} cannot be read: {error}") from error
    return found


def common_tasks(first: cache.Checkpoint, second: cache.Checkpoint) -> list[str]:
    """The tasks that can be compared; the page ends here where there is none, and says why."""
    shared = [task for task in cache.classes(first) if task in cache.classes(second)]
    if not shared:
        names = [", ".join(map(widgets.literal, cache.classes(checkpoint))) for checkpoint in (first, second)]
        st.info(
            f"The two networks share no task: the first one has {names[0]}, the second one {names[1]}. Compare "
            "networks that were trained for the same task.",
            icon=":material/info:",
        )
        st.stop()
    for checkpoint in (first, second):
        missing = [task for task in shared if task not in cache.tasks_with_gallery(checkpoint)]
        if missing:
            st.info(
                f"{widgets.literal(checkpoint.name)} is not indexed for {widgets.literal(', '.join(missing))}: "
                f"`den index {checkpoint.folder}` writes its galleries.",
                icon=":material/info:",
            )
    both = [task for task in shared if all(task in cache.tasks_with_gallery(cp) for cp in (first, second))]
    if not both:
        st.stop()
    return both


def results(first: cache.Checkpoint, second: cache.Checkpoint, tasks: list[str]) -> dict[str, analysis.Comparison]:
    """The comparison of every task that can be compared; a line for each that cannot."""
    found = {}
    for task in tasks:
        try:
            found[task] = whole_network.comparison(first, second, task)
        except DataError as error:
            title = widgets.task_titles(first)[task]
            st.warning(f"{widgets.literal(title)} cannot be compared: {widgets.literal(str(error))}")
    return found
