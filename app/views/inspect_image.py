"""One image: the structure that the network chooses for it, its answer, its price, its nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app import cache, charts, pictures, state, widgets

if TYPE_CHECKING:
    from den_core.analysis import Inspection

ALL = "all"
COLUMNS = 3  # tasks side by side before a new line starts
PARTS = {
    "structure": "Stem, chosen levels, head",
    "selector": "Selector",
    "total": "Together",
    "full": "Full, no selector",
}


def prediction_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """The most probable classes, for people."""
    shown = [widgets.percent(probability) for probability in predictions["probability"]]
    names = [widgets.literal(name) for name in predictions["class_name"]]
    return pd.DataFrame({"Class": names, "Probability": shown}).set_index("Class")


def cost_table(costs: pd.DataFrame) -> pd.DataFrame:
    """MACs and parameters of the parts, for people."""
    table = costs.rename(index=PARTS).map(widgets.millions)
    return table.rename(columns={"macs": "MACs", "params": "Parameters"}).rename_axis("")


def answer(title: str, inspection: Inspection, compact: bool) -> None:
    """What the network does with the image as an image of one task."""
    task, best = inspection.task, inspection.predictions.iloc[0]
    st.subheader(f"As {widgets.literal(title)}")
    with st.container(key=f"prediction-{task}"):
        name = widgets.literal(best["class_name"])
        st.markdown(f"Answer **{name}** ({widgets.percent(best['probability'], 0)})")
    with st.container(key=f"structure-{task}"):
        st.markdown(f"Structure `{inspection.structure}`")
    widgets.chart(
        charts.distribution_map(pd.DataFrame(inspection.distribution), inspection.levels, compact),
        key=f"map-{task}",
        alt=f"Probability of every level in every block; chosen structure {inspection.structure}",
    )
    saved = widgets.percent(inspection.share_of_full, 0)
    st.markdown(f"Runs at **{saved}** of the full network's MACs, selector included.")
    predictions, price = st.tabs(["Top classes", "MACs and parameters"])
    with predictions:
        st.table(prediction_table(inspection.predictions))
    with price:
        st.table(cost_table(inspection.costs))


def neighbours(
    checkpoint: cache.Checkpoint, inspections: dict[str, Inspection], titles: dict[str, str]
) -> None:
    """The test images of every task that are nearest to the image."""
    st.subheader("Test images with the nearest model distribution")
    task = next(iter(inspections))
    if len(inspections) > 1:
        task = widgets.choice("To the image taken as", list(inspections), titles, key=state.NEAR)
    found = cache.neighbours_of(checkpoint, inspections[task].distribution)
    widgets.neighbour_rows(checkpoint, found, width=96)
    largest = cache.largest_distance(checkpoint, task)
    st.caption(
        "Below each image: its class, ✓ or ✗ for a correct or wrong answer, and the l2 distance of the "
        f"model distributions (0 is equal, {largest:.1f} as far as possible). Samples are test images "
        "themselves, so in their own task they find themselves first."
    )


def result(checkpoint: cache.Checkpoint, titles: dict[str, str]) -> None:
    """The picture, what the network does with it, and its neighbours."""
    chosen = pictures.picture(checkpoint)
    if chosen is None:
        st.info("Upload or paste an image to see which network it gets.", icon=":material/upload:")
        return
    view = widgets.choice(
        "Treat it as an image of",
        [ALL, *titles] if len(titles) > 1 else list(titles),
        titles | {ALL: "Every task, side by side"},
        key=state.VIEW,
        help="The task is given, not guessed: every task has its own classes and its own way in.",
    )
    tasks = tuple(titles) if view == ALL else (view,)
    name, data = chosen
    with st.spinner("Choosing a structure …"):
        preview, inspections = cache.inspections(checkpoint, tasks, data)
    left, right = st.columns([1, 6], gap="medium", vertical_alignment="center")
    left.image(preview, width=cache.PREVIEW, alt="The image that is inspected")
    with right.container(key="picture"):
        st.markdown(
            f"**{widgets.literal(name)}**  \nIn the maps, a column is a block and a row is a level, from "
            "dark (0 %) to bright (100 % probable). Outlined cells are the levels that this image runs at."
        )
    for start in range(0, len(tasks), COLUMNS):
        line = tasks[start : start + COLUMNS]
        for column, task in zip(st.columns(len(line), gap="medium"), line, strict=True):
            with column:
                answer(titles[task], inspections[task], compact=len(line) > 1)
    if cache.tasks_with_gallery(checkpoint):
        neighbours(checkpoint, inspections, titles)


st.title("Inspect an image")
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)
    pictures.upload_and_paste()
    # The samples stand above the result but are sent after it: a visitor who brings an image waits for that.
    samples = st.container()
    with widgets.errors_shown():
        result(checkpoint, titles)
    with samples:
        pictures.sample_strip()
