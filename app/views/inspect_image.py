"""One image: the structure that the network chooses for it, its answer, its price, its nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app import cache, charts, state, widgets

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


def take_upload() -> None:
    """The visitor uploaded a file, or took it away again."""
    file = st.session_state.inspect_uploader
    if file is None:
        st.session_state.pop(state.UPLOAD, None)
    else:
        state.show_upload(file.name, file.getvalue())


def take_paste() -> None:
    """The visitor pasted an image and sent it."""
    message = st.session_state.inspect_paste
    if message is not None and message.files:
        state.show_upload("Pasted image", message.files[0].getvalue())


def picture_sources() -> None:
    """Three ways to bring an image: upload, paste, sample."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.file_uploader(
            "Upload an image",
            type="image",
            key="inspect_uploader",
            on_change=take_upload,
            help="PNG, JPEG, WebP, GIF, BMP or TIFF, up to 20 MB and 50 megapixels.",
        )
    with right:
        st.markdown("… or paste one: click into the field, Ctrl+V, Enter")
        st.chat_input(
            "Paste an image here",
            accept_file=True,
            file_type="image",
            key="inspect_paste",
            on_submit=take_paste,
        )
    st.markdown("… or take a sample")
    with st.container(horizontal=True, gap="xsmall"):
        for name, data in cache.samples().items():
            with st.container(width=80, gap="xsmall"):
                title = sample_title(name)
                st.image(data, width=64, alt=title)
                st.button(
                    title,
                    key=f"sample-{name}",
                    type="tertiary",
                    on_click=state.show_picture,
                    args=(f"sample:{name}",),
                )


def sample_title(name: str) -> str:
    """The title of a sample by its file name: "2-emoji-red-apple.png" is "Red apple"."""
    return name.rsplit(".", 1)[0].split("-", 2)[2].replace("-", " ").capitalize()


def picture(checkpoint: cache.Checkpoint) -> tuple[str, bytes] | None:
    """Title and bytes of what is to be inspected: an upload, what the URL names, or the first sample."""
    if (upload := state.uploaded()) is not None:
        return upload
    samples = cache.samples()
    kind, _, name = (state.picture_reference() or "").partition(":")
    if kind in cache.tasks_with_gallery(checkpoint) and name.isdecimal():
        if int(name) < len(cache.gallery(checkpoint, kind)):
            title = f"{widgets.task_titles(checkpoint)[kind]}, test image {int(name)}"
            return title, cache.gallery_original(checkpoint, kind, int(name))
    if kind == "sample" and name in samples:
        return f"Sample: {sample_title(name)}", samples[name]
    first = next(iter(samples), None)
    return None if first is None else (f"Sample: {sample_title(first)}", samples[first])


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
        for entry in inspection.predictions.itertuples():
            name = widgets.literal(entry.class_name)
            st.progress(entry.probability, text=f"{name} · {widgets.percent(entry.probability)}")
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
    st.caption(
        "Below each image: its class, ✓ or ✗ for a correct or wrong answer, and its l2 distance (0 is the "
        "same model distribution). Samples are test images themselves, so in their own task they find "
        "themselves first."
    )


st.title("Inspect an image")
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)
    picture_sources()
    chosen = picture(checkpoint)
    if chosen is None:
        st.info("Upload or paste an image to see which network it gets.", icon=":material/upload:")
        st.stop()
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
