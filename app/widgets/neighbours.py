"""Neighbours of an image as grids, one per task."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from app import cache
from app.widgets.grids import image_grid
from app.widgets.pickers import task_titles
from app.widgets.text import literal


def neighbour_grids(checkpoint: cache.Checkpoint, found: pd.DataFrame, key: str, unit: str = "") -> None:
    """Neighbours as one grid per task, with class, verdict, distance, and a line about ties.

    Args:
        found: task, row, distance, ties, as `search_per_task` returns them.
        unit: of the distance; without one it is shown with three digits.
    """
    titles = task_titles(checkpoint)
    for task, part in found.groupby("task", sort=False):
        captions = partial(_captions, checkpoint, task, unit)
        st.markdown(f"**{literal(titles[task])}**")
        image_grid(checkpoint, part, f"{key}-{task}", captions, size=96)
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
