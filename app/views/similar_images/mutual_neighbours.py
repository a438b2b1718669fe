"""Pairs of images of different tasks that are each other's nearest."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import one_image

ALL_PAIRS = "all"
PAIRS_PER_PAGE = 8


@st.fragment
def show(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str]) -> None:
    """Which tasks, and the pairs in pages, the nearest first."""
    from den_core.analysis.neighbours import MUTUAL_SAMPLE

    if len(tasks) < 2:
        st.info("Mutual neighbours need galleries of two tasks; this network has one.", icon=":material/info:")
        return
    with widgets.errors_shown():
        found = one_image.mutual_neighbours(checkpoint)
        pairs = found[["task", "other_task"]].drop_duplicates().itertuples(index=False)
        names = {f"{a}-{b}": f"{titles[a]} – {titles[b]}" for a, b in pairs}
        options = [ALL_PAIRS, *names]
        state.forget_unless(state.PAIR, options)
        pair = widgets.choice("Tasks", options, names | {ALL_PAIRS: "All pairs"}, key=state.PAIR)
        shown = found if pair == ALL_PAIRS else found[found["task"] + "-" + found["other_task"] == pair]
        large = [titles[task] for task in tasks if len(cache.gallery(checkpoint, task)) > MUTUAL_SAMPLE]
        names_of_large = widgets.literal(", ".join(large))
        sample = f" Of {names_of_large}, {MUTUAL_SAMPLE:,} images drawn with seed 0 are searched." if large else ""
        st.markdown(
            "Two images of different tasks are **mutual neighbours** when each is the other's nearest: the selector "
            f"wants the same parts of the network for both, whatever they show. {len(shown):,} pairs; the nearest come "
            f"first. Distance is l2 between the model distributions.{sample}"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            count = math.ceil(len(shown) / PAIRS_PER_PAGE)
            page = st.pagination(count, key=f"mutual_page-{pair}", max_visible_pages=7) if count > 1 else 1
            widgets.save_button(shown, "mutual-neighbours", "mutual-data")
        for start in range(PAIRS_PER_PAGE * (page - 1), min(PAIRS_PER_PAGE * page, len(shown)), 4):
            line = shown.iloc[start : start + 4]  # the last line may be shorter than its four columns
            for column, entry in zip(st.columns(4)[: len(line)], line.itertuples(), strict=True):
                with column.container(border=True):
                    st.markdown(f"Distance **{entry.distance:.3f}**")
                    _pair(checkpoint, entry, titles)


def _pair(checkpoint: cache.Checkpoint, entry, titles: dict[str, str]) -> None:
    """One pair, both images buttons."""
    images = pd.DataFrame(
        {
            "task": [entry.task, entry.other_task],
            "row": [entry.row, entry.other_row],
            "class_name": [entry.class_name, entry.other_class_name],
            "correct": [entry.correct, entry.other_correct],
        }
    )

    def captions(part: pd.DataFrame) -> list[str]:
        return [f"{titles[e.task]}\n{e.class_name} {'✓' if e.correct else '✗'}" for e in part.itertuples()]

    widgets.image_grid(checkpoint, images, f"mutual-{entry.Index}", captions, size=62)
