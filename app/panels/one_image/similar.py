"""The test images of every task that the selector treats most alike."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import one_image
from app.panels.one_image.subject import Subject


def show(subject: Subject) -> None:
    """The nearest images of every task, each a button."""
    if subject.row is None:
        found = one_image.neighbours_of(subject.checkpoint, subject.inspection.distribution)
        itself = " A sample is a test image too, so in its own task it finds itself first."
    else:
        found = one_image.neighbours_of_row(subject.checkpoint, subject.task, subject.row)
        itself = " The image itself is left out."
    neighbour_grids(subject.checkpoint, found, "inspect_near")
    largest = one_image.largest_distance(subject.checkpoint, found["task"].iat[0])
    st.caption(
        "Below each image: its class, ✓ or ✗ for a right or wrong answer, and the l2 distance between the model "
        f"distributions (0 is equal, {largest:.1f} as far as possible). The strip is its structure. Click an image to "
        f"inspect it.{itself}"
    )


def neighbour_grids(checkpoint: cache.Checkpoint, found: pd.DataFrame, key: str, unit: str = "") -> None:
    """Neighbours as one grid per task, with class, verdict, distance, and a line about ties.

    Args:
        found: task, row, distance, ties, as `search_per_task` returns them.
        unit: of the distance; without one it is shown with three digits.
    """
    titles = widgets.task_titles(checkpoint)
    for task, part in found.groupby("task", sort=False):
        captions = partial(_captions, checkpoint, task, unit)
        st.markdown(f"**{widgets.literal(titles[task])}**")
        widgets.image_grid(checkpoint, part, f"{key}-{task}", captions, size=96)
        tied = int(part["ties"].iat[-1])
        if tied > 1:
            shown = int((part["distance"] == part["distance"].iat[-1]).sum())
            if tied > shown:
                st.caption(
                    f"{tied:,} images are exactly as near as the last one shown; of equally near ones the first in the "
                    "order of the data set are shown."
                )


def _captions(checkpoint: cache.Checkpoint, task: str, unit: str, part: pd.DataFrame) -> list[str]:
    """Class, verdict and distance of neighbours of one task."""
    frame, names = cache.gallery(checkpoint, task).frame.iloc[part["row"]], cache.classes(checkpoint)[task]
    return [
        f"{names[label]} {'✓' if correct else '✗'}\n" + (f"{distance:.0f} {unit}" if unit else f"{distance:.3f}")
        for label, correct, distance in zip(frame["label"], frame["correct"], part["distance"], strict=True)
    ]
