"""Grids of test images that turn their pages by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, widgets
from den_core.analysis.slices import Slice


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
    widgets.image_grid(checkpoint, images, key=key, captions=captions, size=size, heading=heading)


@st.fragment
def of_slice(checkpoint: cache.Checkpoint, where: Slice, key: str, heading: str) -> None:
    """The images that a slice takes; turning a page draws them only."""
    widgets.image_grid(checkpoint, cache.selection(checkpoint, where), key=key, heading=heading)
