"""How often every block runs at every level (the paper's Fig. 6b), for any slice, and where two slices differ."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.charts import usage as charts
from app.pages import PAGES
from den_core.analysis.slices import Slice

READINGS = {"probability": "Mean probability", "frequency": "Share of images"}
VERDICTS = {widgets.ANY: "Right or wrong", "right": "✓ Right", "wrong": "✗ Wrong"}
SIDES = (
    ("A", state.FIRST, state.FIRST_CLASS, state.FIRST_CORRECT),
    ("B", state.SECOND, state.SECOND_CLASS, state.SECOND_CORRECT),
)
ONLY_CLEAR = "clear"
"URL: whether differences that may be noise are left out."
SIDE_IMAGES = 12


def cell_picked(key: str, with_task: bool) -> None:
    """A cell was clicked: its images are wanted."""
    points = widgets.picked(key)
    if points:
        block, level = (str(int(value)) for value in points[0][:2])
        state.set_filters(**{state.BLOCK: block, state.LEVEL: level})
        if with_task:
            state.set_filters(**{state.TASK: points[0][3]})


def chosen_cell() -> tuple[int, int] | None:
    """The block and level that were chosen, by a click or in the lists."""
    block, level = st.session_state.get(state.BLOCK), st.session_state.get(state.LEVEL)
    return (int(block), int(level)) if (block or "").isdecimal() and (level or "").isdecimal() else None


def any_cell() -> None:
    """Take the choice of a cell back."""
    for key in (state.TASK, state.BLOCK, state.LEVEL):
        st.session_state.pop(key, None)


def option(place, label: str, options: list[str], key: str, titles: dict[str, str], index: int = 0) -> str:
    """A list to choose from whose choice is in the URL; forgets a choice that is no option here."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
    return place.selectbox(
        label,
        options,
        index=index,
        format_func=lambda name: titles.get(name, name),
        key=key,
        bind="query-params",
    )


def maps(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str], reading: str, wanted: Slice) -> None:
    """One heatmap per task, with the chosen cell framed where one task is meant."""
    usages = {task: test_sets.usage(checkpoint, task, where.of(task)) for task in where.tasks}
    shown = {task: usage for task, usage in usages.items() if usage is not None}
    if not shown:
        st.info("No image is in this selection.", icon=":material/filter_alt_off:")
        return
    cell = wanted.block, wanted.level
    framed = (wanted.tasks[0], *cell) if len(wanted.tasks) == 1 and None not in cell else None
    split = cache.gallery(checkpoint, next(iter(shown))).split
    data = pd.concat(
        [test_sets.usage_table(usage).assign(task=task, images=usage.images) for task, usage in shown.items()]
    )
    widgets.chart(
        charts.usage_maps(
            {task: usage.reading(reading) for task, usage in shown.items()},
            {task: f"{titles[task]} (n = {usage.images:,})" for task, usage in shown.items()},
            READINGS[reading],
            framed,
        ),
        key="usage_maps",
        alt=f"{READINGS[reading]} of every level in every block, one map per task",
        data=data,
        name="level-usage",
        caption=(
            "Each column is a block of the network, from the first to the last; each row is how much of it is used. "
            "The brighter a cell, the more often that level is used there; every column sums to 100 %. "
            f"n is the number of {split} images. **Click a cell** to see the images that run there."
        ),
        on_select=lambda: cell_picked("usage_maps", with_task=True),
    )
    empty = [titles[task] for task in usages if task not in shown]
    if empty:
        st.caption(f"No image of {widgets.literal(', '.join(empty))} is in this selection.")


@st.fragment
def images_of_cell(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str], wanted: Slice) -> None:
    """The images that run the chosen block at the chosen level."""
    heading = "**Images of this selection**"
    if wanted.block is not None and wanted.level is not None:
        heading = f"**Images that run block {wanted.block} at level {wanted.level}**"
        for task in wanted.tasks:
            usage = test_sets.usage(checkpoint, task, where.of(task))
            if usage is not None:
                st.markdown(cell_line(usage, titles[task], wanted.block, wanted.level))
    widgets.image_grid(checkpoint, cache.selection(checkpoint, wanted), key="usage_images", heading=heading)


def cell_line(usage, title: str, block: int, level: int) -> str:
    """Both readings of one cell, in words."""
    low, high = (limit.at[block, level] for limit in usage.interval("frequency"))
    return (
        f"{widgets.literal(title)}: {widgets.percent(usage.frequency.at[block, level])} of {usage.images:,} images run "
        f"here (95 % interval {widgets.percent(low)} to {widgets.percent(high)}); the selector gives this level a mean "
        f"probability of {widgets.percent(usage.probability.at[block, level])}."
    )


def cell_choice(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str]) -> Slice:
    """Which cell's images are listed: set by a click in a map, or here."""
    backbone = cache.info(checkpoint).network.backbone
    columns = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    names = {widgets.ANY: "Any"}
    task = option(columns[0], "Task", [widgets.ANY, *where.tasks], state.TASK, titles | {widgets.ANY: "Any task"})
    blocks = [widgets.ANY, *map(str, range(cache.gallery(checkpoint, where.tasks[0]).num_blocks))]
    block = option(columns[1], "Block", blocks, state.BLOCK, names)
    levels = [widgets.ANY, *map(str, range(backbone.num_levels))]
    level = option(columns[2], "Level", levels, state.LEVEL, names)
    columns[3].button("Any cell", on_click=any_cell, icon=":material/filter_alt_off:", type="tertiary")
    both = widgets.ANY not in (block, level)
    return replace(
        where,
        tasks=where.tasks if task == widgets.ANY else (task,),
        block=int(block) if both else None,
        level=int(level) if both else None,
    )


def side(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str], place: int) -> Slice:
    """One of the two slices of the difference."""
    name, task_key, class_key, correct_key = SIDES[place]
    st.markdown(f"**{name}**")
    # Two tasks by default; right against wrong where there is only one.
    task = option(st, f"Task {name}", tasks, task_key, titles, index=min(place, len(tasks) - 1))
    left, right = st.columns(2)
    classes = [widgets.ANY, *dict.fromkeys(cache.classes(checkpoint)[task])]
    label = option(left, f"Class {name}", classes, class_key, {widgets.ANY: "Any class"})
    verdict = 1 + place if len(tasks) == 1 else 0
    correct = option(right, f"Verdict {name}", list(VERDICTS), correct_key, VERDICTS, index=verdict)
    return Slice(
        tasks=(task,),
        label=None if label == widgets.ANY else label,
        correct=None if correct == widgets.ANY else correct == "right",
    )


def side_title(where: Slice, titles: dict[str, str]) -> str:
    """A slice in words."""
    parts = [titles[where.tasks[0]], where.label or ""]
    if where.correct is not None:
        parts.append("right answers" if where.correct else "wrong answers")
    return ", ".join(part for part in parts if part)


def shared_images(checkpoint: cache.Checkpoint, first: Slice, second: Slice) -> int:
    """How many images are in both slices."""
    if first.tasks != second.tasks:
        return 0
    task = first.tasks[0]
    return int((test_sets.rows(checkpoint, task, first) & test_sets.rows(checkpoint, task, second)).sum())


def difference(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str], reading: str) -> None:
    """Level usage of any slice minus that of any other."""
    st.subheader("Where do two groups of images differ?")
    slices = []
    for place, column in enumerate(st.columns(2, gap="medium")):
        with column, st.container(border=True):
            slices.append(side(checkpoint, tasks, titles, place))
    if slices[0] == slices[1]:
        st.info("A and B are the same images. Choose another task, class or verdict for one of them.")
        return
    usages = [test_sets.usage(checkpoint, where.tasks[0], where) for where in slices]
    names = [side_title(where, titles) for where in slices]
    for usage, name in zip(usages, names, strict=True):
        if usage is None:
            st.info(f"No test image is in the group {widgets.literal(name)}.", icon=":material/filter_alt_off:")
            return
    only_clear = st.toggle("Leave out what may be noise", key=ONLY_CLEAR, bind="query-params")
    table = test_sets.usage_gap(*usages, reading)
    shared = shared_images(checkpoint, *slices)
    widgets.chart(
        charts.difference_map(table, f"A, {names[0]}", f"B, {names[1]}", only_clear, chosen_cell()),
        key="usage_difference",
        alt=f"Level usage of {names[0]} minus {names[1]}",
        data=table,
        name="level-usage-difference",
        caption=difference_caption(table, usages, names, reading, shared),
        on_select=lambda: cell_picked("usage_difference", with_task=False),
    )
    side_images(checkpoint, slices, names)


def difference_caption(table: pd.DataFrame, usages: list, names: list[str], reading: str, shared: int) -> str:
    """How to read the difference, and how far to trust it."""
    clear = int(table["clear"].sum())
    text = (
        f"{READINGS[reading]} of **A** ({widgets.literal(names[0])}, n = {usages[0].images:,}) minus that of **B** "
        f"({widgets.literal(names[1])}, n = {usages[1].images:,}). A number is a difference in percentage points whose "
        f"95 % interval leaves out 0: {clear} of {len(table)} cells. A dot marks what may be noise. If A and B used "
        f"levels alike, about {0.05 * len(table):.0f} numbers would still appear by chance."
    )
    if min(usage.images for usage in usages) < 10:
        text += " With fewer than 10 images in a group nothing is called a difference."
    if shared:
        text += f" {shared:,} images are in both groups, which makes the intervals too wide rather than too narrow."
    return text


@st.fragment
def side_images(checkpoint: cache.Checkpoint, slices: list[Slice], names: list[str]) -> None:
    """The images of both groups that run the chosen cell, side by side."""
    if (cell := chosen_cell()) is None:
        st.caption("Click a cell to see images of both groups that run there.")
        return
    block, level = cell
    for column, where, name, letter in zip(st.columns(2, gap="medium"), slices, names, "AB", strict=True):
        with column:
            widgets.image_grid(
                checkpoint,
                cache.selection(checkpoint, replace(where, block=block, level=level)),
                key=f"usage_images_{letter}",
                per_page=SIDE_IMAGES,
                heading=f"**{letter}: {widgets.literal(name)}**, block {block} at level {level}",
            )


st.title(PAGES["level_usage"].question)
st.markdown(
    "A level says how much of a block of the network is used for an image: level 0 uses least, the highest level uses "
    "the whole block. The maps show which levels the images of every task get."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    where = widgets.slice_filters(checkpoint, tasks, fields=("task", "class", "correct"))
    reading = widgets.choice(
        "Show",
        list(READINGS),
        READINGS,
        key=state.READING,
        help="Mean probability: what the selector gives a level, averaged over images. Share of images: how many "
        "images really run at that level, because it is their most probable one.",
    )
    # The maps frame the cell that is chosen below them, so that choice has to be read first.
    above = st.container()
    wanted = cell_choice(checkpoint, where, titles)
    with above:
        maps(checkpoint, where, titles, reading, wanted)
    images_of_cell(checkpoint, where, titles, wanted)
    difference(checkpoint, tasks, titles, reading)
