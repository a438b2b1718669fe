"""One cell of a map of level usage – a block at a level – and the images that run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from den_core.analysis.slices import Slice


def pick(key: str, with_task: bool) -> None:
    """A cell of that chart was clicked: its images are wanted; a callback."""
    points = widgets.picked(key)
    if points:
        block, level = (str(int(value)) for value in points[0][:2])
        state.set_filters(**{state.BLOCK: block, state.LEVEL: level})
        if with_task:
            state.set_filters(**{state.TASK: points[0][3]})


def chosen() -> tuple[int, int] | None:
    """The block and level that were chosen, by a click or in the lists."""
    block, level = (st.session_state.get(key) or "" for key in (state.BLOCK, state.LEVEL))
    return (int(block), int(level)) if block.isdecimal() and level.isdecimal() else None


def choice(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str]) -> Slice:
    """Which cell's images are listed: set by a click in a map, or here."""
    backbone = cache.info(checkpoint).network.backbone
    columns = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    names = {widgets.ANY: "Any"}
    task = listed(columns[0], "Task", [widgets.ANY, *where.tasks], state.TASK, titles | {widgets.ANY: "Any task"})
    blocks = [widgets.ANY, *map(str, range(cache.gallery(checkpoint, where.tasks[0]).num_blocks))]
    block = listed(columns[1], "Block", blocks, state.BLOCK, names)
    levels = [widgets.ANY, *map(str, range(backbone.num_levels))]
    level = listed(columns[2], "Level", levels, state.LEVEL, names)
    columns[3].button("Any cell", on_click=_forget, icon=":material/filter_alt_off:", type="tertiary")
    both = widgets.ANY not in (block, level)
    return replace(
        where,
        tasks=where.tasks if task == widgets.ANY else (task,),
        block=int(block) if both else None,
        level=int(level) if both else None,
    )


def _forget() -> None:
    """Take the choice of a cell back."""
    for key in (state.TASK, state.BLOCK, state.LEVEL):
        st.session_state.pop(key, None)


def listed(place, label: str, options: Sequence[str], key: str, titles: dict[str, str], index: int = 0) -> str:
    """A list to choose from whose choice is in the URL; forgets a choice that is no option here."""
    state.forget_unless(key, options)
    return place.selectbox(
        label,
        options,
        index=index,
        format_func=lambda name: titles.get(name, name),
        key=key,
        bind="query-params",
    )


@st.fragment
def show_images(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str], wanted: Slice) -> None:
    """The images that run the chosen block at the chosen level."""
    heading = "**Images of this selection**"
    if wanted.block is not None and wanted.level is not None:
        heading = f"**Images that run block {wanted.block} at level {wanted.level}**"
        for task in wanted.tasks:
            usage = test_sets.usage(checkpoint, task, where.of(task))
            if usage is not None:
                st.markdown(_in_words(usage, titles[task], wanted.block, wanted.level))
    widgets.image_grid(checkpoint, cache.selection(checkpoint, wanted), key="usage_images", heading=heading)


def _in_words(usage, title: str, block: int, level: int) -> str:
    """Both readings of one cell, in words."""
    low, high = (limit.at[block, level] for limit in usage.interval("frequency"))
    return (
        f"{widgets.literal(title)}: {widgets.percent(usage.frequency.at[block, level])} of {usage.images:,} images run "
        f"here (95 % interval {widgets.percent(low)} to {widgets.percent(high)}); the selector gives this level a mean "
        f"probability of {widgets.percent(usage.probability.at[block, level])}."
    )
