"""Test images that the selector treats alike: nearest to a query in three spaces, and twins of different tasks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, pages, state, widgets
from app.cache import one_image
from app.cache.one_image import DISTRIBUTION, FEATURES, STRUCTURE
from app.charts.style import level_colors
from app.components.image_grid import Tile, image_grid, pressed
from app.panels.similar import neighbour_grids
from den_core.errors import DenError

SHOW, PAIR = "show", "pair"
"URL: what the page shows; which two tasks' twins."
NEIGHBOURS, TWINS = "neighbours", "twins"
VIEWS = {NEIGHBOURS: "Nearest to one image", TWINS: "Twins across tasks"}
ALL_PAIRS = "all"
GRID = 16
PICKER = "similar_picker"
K = 4  # neighbours per task
SAMPLE, SAMPLE_K = 200, 8
"Images of the task, and neighbours of each, by which the spaces are compared."
PAIRS_PER_PAGE = 8
SPACES = {
    DISTRIBUTION: "Model distribution",
    STRUCTURE: "Chosen structure",
    FEATURES: "Estimator features",
}
MEANINGS = {
    DISTRIBUTION: (
        "**Model distribution**: the selector's probabilities for every block and level (the paper's Fig. 3). Images "
        "are near when the selector wants the same parts of the network for them. Distance is l2, 0 is equal, "
        "{largest:.1f} as far as possible."
    ),
    STRUCTURE: (
        "**Chosen structure**: only the levels that were really run. Distance is the number of the {blocks} blocks "
        "that run at another level. Many images share one structure, so ties are the rule."
    ),
    FEATURES: (
        "**Estimator features**: what the last block hands to the classifier. Images are near when they look alike to "
        "the network that answers; the selector only set how much of it ran, so this is the contrast. Distance is l2, "
        "without an upper end."
    ),
}


def pick() -> None:
    """The visitor picked a query from the grid; a callback."""
    if (row := pressed(PICKER)) is not None:
        st.session_state[state.ROW] = int(row)


def query_row(checkpoint: cache.Checkpoint, task: str) -> int:
    """Pages of the task's test images, each a button; returns the position that is the query."""
    classes = cache.classes(checkpoint)[task]
    labels = cache.gallery(checkpoint, task).frame["label"].to_numpy()
    if st.session_state.get(state.CLASS, widgets.ANY) not in (widgets.ANY, *classes):
        del st.session_state[state.CLASS]
    if not 0 <= (st.session_state.get(state.ROW) or 0) < len(labels):
        del st.session_state[state.ROW]
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    wanted = left.selectbox(
        "Class",
        [widgets.ANY, *classes],
        format_func=lambda name: "Any class" if name == widgets.ANY else name,
        key=state.CLASS,
        bind="query-params",
    )
    row = right.number_input("Query: test image", 0, len(labels) - 1, 0, key=state.ROW, bind="query-params")
    rows = np.arange(len(labels)) if wanted == widgets.ANY else np.flatnonzero(labels == classes.index(wanted))
    if not len(rows):
        st.info("No test image has this class.", icon=":material/filter_alt_off:")
        return row
    pages_of_rows = math.ceil(len(rows) / GRID)
    page = st.pagination(pages_of_rows, key=f"similar_page-{task}-{wanted}") if pages_of_rows > 1 else 1
    tiles = [
        Tile(
            id=f"{candidate}",
            picture=_picture(checkpoint, task, candidate),
            alt=f"{classes[labels[candidate]]}, test image {candidate}",
            lines=(f"{candidate}",),
            current=candidate == row,
        )
        for candidate in rows[(page - 1) * GRID : page * GRID].tolist()
    ]
    image_grid(tiles, PICKER, 60, action="Make it the query", on_press=pick)
    return row


def _picture(checkpoint: cache.Checkpoint, task: str, row: int) -> bytes | None:
    """The picture of a test image; None where the data set is not on this machine (the neighbours say so)."""
    try:
        return cache.gallery_picture(checkpoint, task, row, 144)
    except DenError:
        return None


def describe(checkpoint: cache.Checkpoint, task: str, row: int) -> None:
    """The query: picture, class, answer, structure, price."""
    classes = cache.classes(checkpoint)[task]
    gallery = cache.gallery(checkpoint, task)
    entry = gallery.frame.iloc[row]
    tile = Tile(
        id=f"{row}",
        picture=_picture(checkpoint, task, row),
        alt=f"The query: {classes[entry['label']]}, test image {row}",
        structure=entry["structure"],
    )
    if image_grid([tile], "similar_query", 110, level_colors(gallery.num_levels)) is not None:
        state.inspect_row(task, row)
    mark = "✓" if entry["correct"] else "✗"
    st.markdown(
        f"**{widgets.literal(classes[entry['label']])}**, test image {row}  \nAnswer: "
        f"{widgets.literal(classes[entry['prediction']])} {mark} "
        f"({widgets.percent(float(entry['confidence']), 0)})  \nStructure `{entry['structure']}`  "
        f"\n{widgets.millions(entry['macs'])} MACs, selector included"
    )
    if st.button("Inspect this image", icon=":material/image_search:", key="similar_inspect"):
        state.inspect_row(task, row)


@st.fragment
def nearest_images(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str]) -> None:
    """Pick a query; see its neighbours in one of the spaces, and what the spaces have in common."""
    if st.session_state.get(state.TASK, tasks[0]) not in tasks:
        del st.session_state[state.TASK]
    with widgets.errors_shown():
        task = widgets.choice("Task of the query", tasks, titles, key=state.TASK)
        if not len(cache.gallery(checkpoint, task)):
            st.info("The gallery of this task holds no images.", icon=":material/info:")
            return
        row = query_row(checkpoint, task)
        known = one_image.spaces(checkpoint)
        if st.session_state.get(state.SPACE, DISTRIBUTION) not in known:
            del st.session_state[state.SPACE]
        space = widgets.choice("Alike by", known, SPACES, key=state.SPACE)
        if FEATURES not in known:
            st.caption(
                "These galleries were written without the estimator's features; `python -m den_core index "
                f"checkpoints/{checkpoint.name}` adds them as a third way to compare."
            )
        left, right = st.columns([2, 5], gap="medium")
        with left:
            st.markdown("**Query**")
            describe(checkpoint, task, row)
        with right:
            found = one_image.neighbours_of_row(checkpoint, task, row, space, K)
            blocks = cache.gallery(checkpoint, task).num_blocks
            largest = one_image.largest_distance(checkpoint, task)
            st.markdown(MEANINGS[space].format(largest=largest, blocks=blocks))
            unit = f"of {blocks} blocks" if space == STRUCTURE else ""
            neighbour_grids(checkpoint, found, f"near-{space}", unit)
        sizes = ", ".join(
            f"{len(cache.gallery(checkpoint, name)):,} {widgets.literal(titles[name])}" for name in tasks
        )
        exact = all(index.exact for index in one_image.indexes(checkpoint, space).values())
        st.caption(
            f"The {K} nearest of every task; {'exact' if exact else 'approximate'} search over {sizes} test images, "
            "the query itself left out. Below each image: class, ✓ or ✗ for a right or wrong answer, and the distance; "
            "the strip is its structure. Click an image to inspect it."
        )
        spaces_compared(checkpoint, task, titles[task], row, known)


def spaces_compared(checkpoint: cache.Checkpoint, task: str, title: str, row: int, known: list[str]) -> None:
    """Whether near means alike in content, or equally hard."""
    from den_core.analysis.spaces import overlap

    st.subheader("Content or difficulty?")
    count = len(cache.gallery(checkpoint, task))
    if count <= SAMPLE_K:
        st.info(f"The gallery of {widgets.literal(title)} has too few images to compare neighbours.")
        return
    quality, common = one_image.compared_spaces(checkpoint, task, tuple(known), SAMPLE_K, SAMPLE)
    lists = {name: one_image.neighbours_of_row(checkpoint, task, row, name, K) for name in known}
    chance = quality.loc["chance"]
    best = quality.drop(index="chance")["same_class"]
    st.markdown(
        f"If the selector looked at **content**, neighbours would share the query's class: in the model distribution "
        f"**{widgets.percent(best[DISTRIBUTION], 0)}** do, by chance {widgets.percent(chance['same_class'], 0)} would"
        + (f", in the estimator's features {widgets.percent(best[FEATURES], 0)} do" if FEATURES in known else "")
        + ". If it looked at **difficulty**, neighbours would be as easy as the query: their true-class probability is "
        f"**{100 * quality.loc[DISTRIBUTION, 'gap']:.0f} points** away from the query's, by chance "
        f"{100 * chance['gap']:.0f}."
    )
    shown = pd.DataFrame(
        {
            "Alike by": [SPACES.get(name, "By chance") for name in quality.index],
            "Same class (%)": 100 * quality["same_class"],
            "Probability gap (points)": 100 * quality["gap"],
            "In common with model distribution (%)": 100 * common[DISTRIBUTION].drop(DISTRIBUTION),
            "For this query (%)": {name: 100 * overlap(lists[name], lists[DISTRIBUTION]) for name in known[1:]},
        },
        index=quality.index,
    )
    widgets.table(
        shown,
        name="spaces-compared",
        key="similar_spaces",
        column_config={
            column: st.column_config.NumberColumn(format="%.1f") for column in shown.columns if column != "Alike by"
        },
        caption=(
            f"{SAMPLE_K} nearest {widgets.literal(title)} images of each of {min(SAMPLE, count):,} queries of the "
            f"{count:,} test images (drawn with seed 0; ties broken at random). The gap is between the true-class "
            "probabilities of query and neighbour; “in common” is the share of the neighbours that two ways of "
            f"comparing name both. The last column is about the query above and its {K} neighbours in every task."
        ),
    )


@st.fragment
def twins(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str]) -> None:
    """Pairs of images of different tasks that are each other's nearest."""
    from den_core.analysis.neighbours import TWIN_SAMPLE

    if len(tasks) < 2:
        st.info("Twins need galleries of two tasks; this network has one.", icon=":material/info:")
        return
    with widgets.errors_shown():
        found = one_image.twins(checkpoint)
        pairs = found[["task", "other_task"]].drop_duplicates().itertuples(index=False)
        names = {f"{a}-{b}": f"{titles[a]} – {titles[b]}" for a, b in pairs}
        options = [ALL_PAIRS, *names]
        if st.session_state.get(PAIR, ALL_PAIRS) not in options:
            del st.session_state[PAIR]
        pair = widgets.choice("Tasks", options, names | {ALL_PAIRS: "All pairs"}, key=PAIR)
        shown = found if pair == ALL_PAIRS else found[found["task"] + "-" + found["other_task"] == pair]
        large = [titles[task] for task in tasks if len(cache.gallery(checkpoint, task)) > TWIN_SAMPLE]
        names_of_large = widgets.literal(", ".join(large))
        sample = f" Of {names_of_large}, {TWIN_SAMPLE:,} images drawn with seed 0 are searched." if large else ""
        st.markdown(
            "Two images of different tasks are **twins** when each is the other's nearest: the selector wants the same "
            f"parts of the network for both, whatever they show. {len(shown):,} pairs; the nearest come first. "
            f"Distance is l2 between the model distributions.{sample}"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            count = math.ceil(len(shown) / PAIRS_PER_PAGE)
            page = st.pagination(count, key=f"twins_page-{pair}", max_visible_pages=7) if count > 1 else 1
            widgets.save_button(shown, "twins", "twins-data")
        for start in range(PAIRS_PER_PAGE * (page - 1), min(PAIRS_PER_PAGE * page, len(shown)), 4):
            for column, entry in zip(st.columns(4), shown.iloc[start : start + 4].itertuples(), strict=False):
                with column.container(border=True):
                    st.markdown(f"Distance **{entry.distance:.3f}**")
                    _pair(checkpoint, entry, titles)


def _pair(checkpoint: cache.Checkpoint, entry, titles: dict[str, str]) -> None:
    """One pair of twins, both buttons."""
    images = pd.DataFrame({"task": [entry.task, entry.other_task], "row": [entry.row, entry.other_row]})
    captions = [
        f"{titles[entry.task]}\n{entry.class_name} {'✓' if entry.correct else '✗'}",
        f"{titles[entry.other_task]}\n{entry.other_class_name} {'✓' if entry.other_correct else '✗'}",
    ]
    widgets.image_grid(checkpoint, images, f"twin-{entry.Index}", captions, size=62)


st.title(pages.PAGES["similar_images"].question)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    st.markdown(
        "Images of different tasks can want the same part of the network. Pick a test image and see which others are "
        "near to it – for the selector, by the structure that was run, or for the classifier."
    )
    view = widgets.choice("Show", list(VIEWS), VIEWS, key=SHOW)
    if view == NEIGHBOURS:
        nearest_images(checkpoint, tasks, titles)
    else:
        twins(checkpoint, tasks, titles)
