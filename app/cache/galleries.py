"""The galleries of a checkpoint: what it did with every test image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app.cache.checkpoints import Checkpoint, classes, info

if TYPE_CHECKING:
    import numpy as np

    from den_core.analysis.slices import Slice
    from den_core.checkpoints.gallery import Gallery


def tasks_with_gallery(checkpoint: Checkpoint) -> list[str]:
    """The checkpoint's tasks whose test images were indexed, in the order of the checkpoint."""
    folder = Path(checkpoint.path) / "gallery"
    tasks = [task.name for task in info(checkpoint).network.tasks]
    return [task for task in tasks if (folder / f"{task}.parquet").is_file()]


@st.cache_resource(max_entries=16, show_spinner="Reading the gallery …")
def gallery(checkpoint: Checkpoint, task: str) -> Gallery:
    """What the network did with the test images of a task."""
    from den_core.checkpoints.gallery import read_gallery
    from den_core.errors import CheckpointError

    found = read_gallery(Path(checkpoint.path), task)
    names = classes(checkpoint)[task]
    top = int(found.frame[["label", "prediction"]].to_numpy().max(initial=-1))
    if top >= len(names):
        raise CheckpointError(
            f"gallery of {task}: expected classes 0 to {len(names) - 1}, found {top}; the network was trained "
            f"anew? Index it again with `den index {checkpoint.folder}`"
        )
    return found


def galleries(checkpoint: Checkpoint) -> dict[str, Gallery]:
    """The galleries of every indexed task."""
    return {task: gallery(checkpoint, task) for task in tasks_with_gallery(checkpoint)}


def distributions(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The model distributions of every indexed task, (N, n, h)."""
    return {task: found.distribution for task, found in galleries(checkpoint).items()}


@st.cache_resource(max_entries=8, show_spinner="Filtering …")
def selection(checkpoint: Checkpoint, where: Slice) -> pd.DataFrame:
    """The images of a slice, see `den_core.analysis.slices.select`; to be read, never changed."""
    from den_core.analysis.slices import select

    return select(galleries(checkpoint), classes(checkpoint), where)
