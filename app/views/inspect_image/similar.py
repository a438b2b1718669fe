"""The test images of every task that the selector treats most alike."""

from __future__ import annotations

import streamlit as st

from app.cache import one_image
from app.views.inspect_image.subject import Subject
from app.widgets.neighbours import neighbour_grids


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
