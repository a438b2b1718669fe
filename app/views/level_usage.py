"""How often every block runs at every level, by task (the paper's Fig. 6b), and where two tasks differ."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import cache, charts, state, widgets

READINGS = {"probability": "Mean probability", "frequency": "Share of images"}
EXAMPLES = 8


def selected_cell(event, tasks: list[str]) -> tuple[str, int, int] | None:
    """The task, block and level of the cell that was clicked."""
    points = event["selection"]["points"] if event else []
    if not points:
        return None
    point = points[0]
    # Every task draws two traces: the heatmap, then the markers that can be clicked.
    block, level = (int(value) for value in point["customdata"][:2])
    return tasks[point["curve_number"] // 2], block, level


def show_cell(checkpoint: cache.Checkpoint, task: str, title: str, block: int, level: int) -> None:
    """The numbers of one cell, and images that run there."""
    usage = cache.usage(checkpoint, task)
    share, half = usage.frequency.at[block, level], usage.half_width.at[block, level]
    st.markdown(
        f"**{widgets.literal(title)}, block {block}, level {level}:** {widgets.percent(share)} of "
        f"{usage.images:,} images run here (± {widgets.percent(half)}, 95 % interval); mean probability "
        f"{widgets.percent(usage.probability.at[block, level])}."
    )
    structures = cache.gallery(checkpoint, task)["structure"]
    rows = np.flatnonzero((structures.str[block] == str(level)).to_numpy())
    sample = np.random.default_rng(0).permutation(rows)[:EXAMPLES].tolist()
    if sample:
        widgets.picture_row(checkpoint, task, sample, [f"#{row}" for row in sample])


st.title("Level usage")
st.markdown(
    "How much of every block each task uses. Level 0 uses least, the highest level uses the whole block."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    reading = widgets.choice(
        "Show",
        list(READINGS),
        READINGS,
        key=state.READING,
        help="The selector's probability of a level, averaged over images; or how many images run at it.",
    )
    with st.spinner("Counting levels …"):
        usages = {task: cache.usage(checkpoint, task) for task in tasks}
    frames = {
        f"{titles[task]} (n = {usages[task].images:,})": usages[task].reading(reading) for task in tasks
    }
    event = widgets.chart(
        charts.usage_maps(frames, READINGS[reading]),
        key="usage_maps",
        alt=f"{READINGS[reading]} of every level in every block, one map per task",
        select=True,
    )
    cell = selected_cell(event, tasks)
    if cell is None:
        st.caption("Every column sums to 100 %. n is the number of test images. Click a cell for its images.")
    else:
        show_cell(checkpoint, cell[0], titles[cell[0]], cell[1], cell[2])

    if len(tasks) > 1:
        st.subheader("Difference between two tasks")
        left, right = st.columns(2)
        label = {"format_func": lambda task: titles[task], "bind": "query-params"}
        first = left.selectbox("First", tasks, index=0, key=state.FIRST, **label)
        second = right.selectbox("Second", tasks, index=1, key=state.SECOND, **label)
        if first == second:
            st.info("Choose two different tasks to see where they differ.")
        else:
            widgets.chart(
                charts.difference_map(
                    cache.usage_gap(checkpoint, first, second, reading), titles[first], titles[second]
                ),
                key="usage_difference",
                alt=f"Level usage of {titles[first]} minus {titles[second]}",
            )
            st.caption(
                f"{READINGS[reading]} of {widgets.literal(titles[first])} minus that of "
                f"{widgets.literal(titles[second])}, in percentage points."
            )
