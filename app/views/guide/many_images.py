"""How the tasks use the levels over whole test sets."""

from __future__ import annotations

import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from app.views.guide import charts


def show(checkpoint: cache.Checkpoint) -> None:
    """How many structures are in use, and a bar of levels per task."""
    tasks, titles = cache.tasks_with_gallery(checkpoint), widgets.task_titles(checkpoint)
    galleries = {task: cache.gallery(checkpoint, task) for task in tasks}
    ran = {task: int((~found.early).sum()) for task, found in galleries.items()}
    counts = ", ".join(f"{widgets.literal(titles[task])} {number:,}" for task, number in ran.items())
    early = any(found.early.any() for found in galleries.values())
    shares = whole_network.level_shares(checkpoint).rename(index=titles)
    shape = galleries[tasks[0]]
    distinct = {task: found.frame["structure"][~found.early].nunique() for task, found in galleries.items()}
    st.markdown(
        "Over whole test sets a pattern shows: which blocks a task needs, and how few different structures are really "
        "in use – "
        + ", ".join(f"{widgets.literal(titles[task])} **{number}**" for task, number in distinct.items())
        + f" of {shape.num_levels**shape.num_blocks:,} that there could be."
    )
    widgets.chart(
        charts.levels_in_use(shares),
        key="tour_levels",
        alt="Share of blocks at every level, one bar per task",
        data=shares.rename_axis("task").reset_index(),
        caption="Of all blocks of all test images of a task, the share at each level"
        + (", images that the selector answered early left out" if early else "")
        + f". n: {counts} images.",
    )
