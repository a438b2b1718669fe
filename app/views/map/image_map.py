"""All test images as points, and those inside the outline that is drawn among them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import whole_network
from app.style import task_colors
from app.views.map import charts
from app.views.map import outline as map_outline
from den_core.analysis import projection, slices

CHART = "map"
MOST_POINTS = 10_000
"More would make the browser slow."
METHODS = {"pca": "Principal components", "tsne": "t-SNE"}
READING = {
    "pca": "The two axes are the directions in which the model distributions of all images differ most; the rest of "
    "the differences does not show.",
    "tsne": "t-SNE puts images next to those with a similar model distribution; the axes and the gaps between groups "
    "mean nothing, and another seed gives another picture.",
}


@st.fragment
def show(checkpoint: cache.Checkpoint, where: slices.Slice) -> None:
    """The map, and the images inside the outline."""
    titles = widgets.task_titles(checkpoint)
    with st.container(horizontal=True, gap="large"):
        method = widgets.choice("Map", list(METHODS), METHODS, key=state.PROJECTION)
        coloring = widgets.choice("Colour", list(charts.COLORINGS), charts.COLORINGS, key=state.COLOR)
    found = whole_network.projected(checkpoint, method)
    images = whole_network.map_images(checkpoint, method)
    places = whole_network.places_on_map(checkpoint, method, where)
    outline = map_outline.of_the_link(checkpoint, method)
    if not len(places):
        st.info("No image fits the filters.", icon=":material/filter_alt_off:")
        return
    sample = images.iloc[places[projection.sample_rows(len(places), MOST_POINTS)]]
    axes = ("t-SNE, first axis", "t-SNE, second axis")
    if found.explained is not None:
        first, second = (f"Component {i} ({share:.0%} of the variance)" for i, share in enumerate(found.explained, 1))
        axes = (first, second)
    colors = dict(zip(titles.values(), task_colors(list(titles)).values(), strict=True))
    widgets.chart(
        charts.image_map(sample.assign(task=sample["task"].map(titles)), coloring, colors, axes, outline),
        key=CHART,
        alt=f"One point per test image, where its model distribution lies; coloured by {charts.COLORINGS[coloring]}",
        data=sample.drop(columns="label"),
        on_select=map_outline.keep(CHART, found.width),
        modes=("points", "box", "lasso"),
        caption=_caption(checkpoint, found, method, len(places), len(sample)),
    )
    if outline is not None:
        places = places[projection.inside(found.points[places], outline)]
        st.button("Clear selection", on_click=map_outline.forget, icon=":material/close:", key="clear_lasso")
    _selection(checkpoint, images.iloc[places], outline is not None)


def _caption(checkpoint: cache.Checkpoint, found: projection.Projection, method: str, kept: int, shown: int) -> str:
    """How to read the map, and what is on it."""
    total = sum(len(gallery) for gallery in cache.galleries(checkpoint).values())
    counts = f"{shown:,} of {kept:,} images drawn, a seeded sample" if shown < kept else f"all {kept:,} images drawn"
    part = (
        f" t-SNE was computed for a seeded sample of {len(found.images):,} of {total:,} images."
        if method == "tsne"
        else ""
    )
    shift = " Points are shifted at random by up to 0.4 % of the width, so that equal images do not hide each other."
    return (
        f"Each point is a test image; near points chose alike ({counts}).{part} {READING[method]} "
        "**Distance on the map is not the l2 distance** that Similar images uses."
        f"{shift if method == 'pca' else ''} Draw around points with the lasso or the box of the toolbar, or click "
        "one: the images inside are listed below, those that were not drawn included, and the link of this page keeps "
        "the area."
    )


def _selection(checkpoint: cache.Checkpoint, images: pd.DataFrame, drawn_at_all: bool) -> None:
    """Counts by task and the images of the drawn area, or of the whole map."""
    titles = widgets.task_titles(checkpoint)
    if drawn_at_all and len(images):
        values = []
        for task, part in images.groupby("task", sort=False):
            right, macs = widgets.percent(part["correct"].mean(), 0), widgets.millions(part["macs"].mean())
            values.append((widgets.literal(titles[task]), f"{len(part):,}", f"{right} right, {macs} MACs on average"))
        widgets.metric_row(values)
    widgets.image_grid(
        checkpoint,
        images.drop(columns="label"),
        key="map-images",
        heading="**Inside the outline**" if drawn_at_all else "**All images of the map**",
    )
