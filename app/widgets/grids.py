"""Test images as a grid; a click opens one of them in Inspect an image."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state
from app.components.image_grid import Tile
from app.components.image_grid import image_grid as grid_component
from app.style import level_colors
from app.widgets.figures import save_button
from app.widgets.pictures import picture
from app.widgets.text import literal
from den_core.analysis.slices import Slice
from den_core.errors import ImageError
from den_core.structure_keys import what_ran

PER_PAGE = 24


def image_grid(
    checkpoint: cache.Checkpoint,
    images: pd.DataFrame,
    key: str,
    captions: Callable[[pd.DataFrame], Sequence[str]] | None = None,
    size: int = 72,
    per_page: int = PER_PAGE,
    heading: str | None = None,
    save: bool = True,
) -> None:
    """Test images in pages; a click opens one in Inspect an image.

    Args:
        images: task and row, the position in the task's gallery; more columns go into the saved CSV.
        captions: makes the plain text below each image, lines divided by \\n, for the rows that are shown; the class,
            ✓ or ✗ with the answer, if not given.
        size: pixels of a picture.
        heading: Markdown above the grid; the number of images follows.
    """
    if heading is not None:
        noun = "image" if len(images) == 1 else "images"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{heading} · {len(images):,} {noun}", width="stretch")
            if save and len(images):
                save_button(images, key, f"{key}-data")
    if images.empty:
        st.info("No image is in this selection.", icon=":material/filter_alt_off:")
        return
    pages = math.ceil(len(images) / per_page)
    # The number of pages is part of the key: another selection starts at its first page.
    page = st.pagination(pages, key=f"{key}-page-{pages}") if pages > 1 else 1
    part = images.iloc[(page - 1) * per_page : page * per_page]
    lines = [text.split("\n") for text in captions(part)] if captions is not None else None
    tiles, problem = _tiles(checkpoint, part, lines, size)
    colors = level_colors(cache.info(checkpoint).network.backbone.num_levels)
    if (pressed := grid_component(tiles, key, size, colors)) is not None:
        task, _, row = pressed.rpartition(":")
        state.inspect_row(task, int(row))
    if problem:
        st.caption(f":material/broken_image: {literal(problem)}")


def captions_with(checkpoint: cache.Checkpoint, task: str, more: Callable[[int], str], part: pd.DataFrame) -> list[str]:
    """Captions of images of one task: the class, ✓ or ✗ with the answer, and what `more` tells of a position."""
    frame, names = cache.gallery(checkpoint, task).frame, cache.classes(checkpoint)[task]
    captions = []
    for row in part["row"]:
        entry = frame.iloc[row]
        verdict = "✓" if entry["correct"] else f"✗ {names[entry['prediction']]}"
        captions.append(f"{names[entry['label']]}\n{verdict}\n{more(row)}")
    return captions


def _tiles(
    checkpoint: cache.Checkpoint, images: pd.DataFrame, lines: list[list[str]] | None, size: int
) -> tuple[list[Tile], str]:
    """The tiles of one page, and what is wrong with an image, if any is damaged."""
    classes, tiles, problem = cache.classes(checkpoint), [], ""
    for place, (task, row) in enumerate(zip(images["task"], images["row"], strict=True)):
        entry = cache.gallery(checkpoint, task).frame.iloc[row]
        try:
            shown = picture(checkpoint, task, int(row), 2 * size)
        except ImageError as error:
            shown, problem = None, str(error)
        name, answer = classes[task][entry["label"]], classes[task][entry["prediction"]]
        plain = [name, "✓" if entry["correct"] else f"✗ {answer}"]
        verdict = "right" if entry["correct"] else f"wrong: {answer}"
        tiles.append(
            Tile(
                id=f"{task}:{row}",
                picture=shown,
                alt=f"{name}, test image {row}, answered {verdict}, {what_ran(entry['structure'])}",
                lines=lines[place] if lines is not None else plain,
                structure=entry["structure"],
            )
        )
    return tiles, problem


@st.fragment
def of_task(
    checkpoint: cache.Checkpoint,
    task: str,
    positions: np.ndarray,
    key: str,
    heading: str | None,
    captions: Callable[[pd.DataFrame], Sequence[str]] | None = None,
    size: int = 72,
) -> None:
    """Images of one task by their positions; turning a page draws them only."""
    images = pd.DataFrame({"task": task, "row": positions})
    image_grid(checkpoint, images, key=key, captions=captions, size=size, heading=heading)


@st.fragment
def of_slice(checkpoint: cache.Checkpoint, where: Slice, key: str, heading: str) -> None:
    """The images that a slice takes; turning a page draws them only."""
    image_grid(checkpoint, cache.selection(checkpoint, where), key=key, heading=heading)
