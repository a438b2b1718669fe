"""Everything that is kept between runs of the script, and the only file that uses Streamlit's caches.

Every key holds the identity of a checkpoint, its path and the newest modification time of its files, so that
a retrained network never shows old figures. Networks and galleries are shared by all visitors: they are read,
never changed. `den_core` is imported inside the functions: it brings torch, which takes seconds to load.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    import numpy as np

    from den_core.analysis import ChosenModels, Inspection, LevelUsage, Reading
    from den_core.checkpoints import CheckpointInfo
    from den_core.data.sources import ImageSource
    from den_core.network import DeepElasticNetwork

REPOSITORY = Path(__file__).resolve().parent.parent
PREVIEW = 110
"Pixels of the picture that is inspected. Shown at this size: Streamlit cannot shrink a strip to no height."
SAMPLES = REPOSITORY / "assets" / "samples"
ALL_TASKS = "all"
"Stands for the structures of all tasks together."
TAIL = "other"
"Row of `chosen_by_task` that counts all structures without a row of their own."
AVERAGE = "average"
"Stands for the mean over tasks among the operating points."


class Checkpoint(NamedTuple):
    """Which checkpoint, and which state of its files."""

    path: str
    stamp: int

    @property
    def name(self) -> str:
        return Path(self.path).name


def checkpoints_root() -> Path:
    """The folder that holds the checkpoints; DEN_CHECKPOINTS overrides the one of this repository."""
    return Path(os.environ.get("DEN_CHECKPOINTS") or REPOSITORY / "checkpoints")


def checkpoint_names() -> list[str]:
    """Folders under the root that have a config.json or a model, whether or not they can be loaded."""
    root = checkpoints_root()
    if not root.is_dir():
        return []
    marks = ("config.json", "model.safetensors")
    return sorted(
        folder.name
        for folder in root.iterdir()
        if folder.is_dir() and not folder.is_symlink() and any((folder / mark).is_file() for mark in marks)
    )


def identify(name: str) -> Checkpoint:
    """The checkpoint of that name, one of `checkpoint_names`, as its files are now."""
    folder = checkpoints_root() / name
    files = [file for file in (*folder.glob("*"), *folder.glob("gallery/*")) if file.is_file()]
    return Checkpoint(str(folder), max((file.stat().st_mtime_ns for file in files), default=0))


@st.cache_resource(max_entries=2, show_spinner="Loading the network …")
def network(checkpoint: Checkpoint) -> DeepElasticNetwork:
    """The network in eval mode, on the CPU."""
    import torch

    import den_core

    # One image is too little work to share: three tasks took 0.02 s on one thread, and up to 1 s on two threads
    # of a machine with two busy cores, where the threads wait for each other.
    torch.set_num_threads(1)
    return den_core.load(checkpoint.path)


@st.cache_resource(max_entries=8, show_spinner="Reading the checkpoint …")
def info(checkpoint: Checkpoint) -> CheckpointInfo:
    """Tasks, backbone, recipe and provenance, without the weights."""
    from den_core.checkpoints import read_config

    return read_config(Path(checkpoint.path))


@st.cache_data(max_entries=8, show_spinner="Reading the metrics …")
def metrics(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The content of metrics.json, or None where the checkpoint was not evaluated."""
    import dataclasses

    from den_core.checkpoints import read_metrics

    found = read_metrics(Path(checkpoint.path))
    return None if found is None else dataclasses.asdict(found)


@st.cache_data(max_entries=8, show_spinner="Reading the metrics …")
def points(checkpoint: Checkpoint) -> pd.DataFrame | None:
    """Every operating point, one row per task and one for the average."""
    from den_core.analysis import operating_points

    found = metrics(checkpoint)
    return None if found is None else operating_points(found)


@st.cache_data(max_entries=8, show_spinner=False)
def gain(checkpoint: Checkpoint, by_class: bool) -> pd.Series:
    """The instance gain of every task and on average, a fraction; of a checkpoint that has metrics."""
    from den_core.analysis import instance_gain

    return instance_gain(metrics(checkpoint), by_class)


def tasks_with_gallery(checkpoint: Checkpoint) -> list[str]:
    """The checkpoint's tasks whose test images were indexed, in the order of the checkpoint."""
    folder = Path(checkpoint.path) / "gallery"
    tasks = [task.name for task in info(checkpoint).network.tasks]
    return [task for task in tasks if (folder / f"{task}.parquet").is_file()]


@st.cache_resource(max_entries=16, show_spinner="Reading the gallery …")
def gallery(checkpoint: Checkpoint, task: str) -> pd.DataFrame:
    """One row per test image of that task."""
    from den_core.gallery import read_gallery

    return read_gallery(Path(checkpoint.path), task)


@st.cache_resource(max_entries=4, show_spinner="Reading the galleries …")
def distributions(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The model distributions of every indexed task, (N, n, h)."""
    from den_core.analysis import gallery_distribution

    return {task: gallery_distribution(gallery(checkpoint, task)) for task in tasks_with_gallery(checkpoint)}


@st.cache_data(max_entries=256, show_spinner="Searching the galleries …")
def neighbours_of_row(checkpoint: Checkpoint, task: str, row: int, k: int = 4) -> pd.DataFrame:
    """The nearest images of every task to one image of a gallery, that image left out."""
    from den_core.analysis import nearest_per_task

    found = distributions(checkpoint)
    return nearest_per_task(found[task][row], found, k, exclude=(task, row))


@st.cache_data(max_entries=256, show_spinner="Searching the galleries …")
def neighbours_of(checkpoint: Checkpoint, distribution: np.ndarray, k: int = 4) -> pd.DataFrame:
    """The nearest images of every task to any model distribution, (n, h)."""
    from den_core.analysis import nearest_per_task

    return nearest_per_task(distribution, distributions(checkpoint), k)


def largest_distance(checkpoint: Checkpoint, task: str) -> float:
    """The l2 distance that two model distributions of this network can have at most."""
    from den_core.analysis import MAX_BLOCK_DISTANCE

    return MAX_BLOCK_DISTANCE * gallery(checkpoint, task).attrs["num_blocks"] ** 0.5


@st.cache_data(max_entries=32, show_spinner="Counting levels …")
def usage(checkpoint: Checkpoint, task: str) -> LevelUsage:
    """How often every block of that task runs at every level."""
    from den_core.analysis import level_usage

    return level_usage(gallery(checkpoint, task))


def usage_gap(checkpoint: Checkpoint, first: str, second: str, reading: Reading) -> pd.DataFrame:
    """Level usage of the first task minus the second's."""
    from den_core.analysis import usage_difference

    return usage_difference(usage(checkpoint, first), usage(checkpoint, second), reading)


def structure_levels(structures: tuple[str, ...]) -> np.ndarray:
    """The levels of structures, (structures, n)."""
    from den_core.analysis import gallery_levels

    return gallery_levels(structures, len(structures[0]))


def _structures(checkpoint: Checkpoint, scope: str) -> list[str]:
    tasks = tasks_with_gallery(checkpoint) if scope == ALL_TASKS else [scope]
    return [key for task in tasks for key in gallery(checkpoint, task)["structure"]]


@st.cache_data(max_entries=32, show_spinner="Counting structures …")
def chosen(checkpoint: Checkpoint, scope: str, top: int) -> tuple[ChosenModels, int]:
    """The structures that a task's images (or ALL_TASKS) chose, and how many of them serve 80 % of them."""
    from den_core.analysis import chosen_models, coverage

    structures = _structures(checkpoint, scope)
    return chosen_models(structures, top), coverage(structures, 0.8)


@st.cache_data(max_entries=32, show_spinner="Counting structures …")
def chosen_by_task(checkpoint: Checkpoint, scope: str, top: int) -> pd.DataFrame:
    """Images per structure (rows, the last one the tail where there is one) and task (columns)."""
    from den_core.analysis import count_by_task

    tasks = tasks_with_gallery(checkpoint) if scope == ALL_TASKS else [scope]
    ranking = chosen(checkpoint, scope, top)[0].top["structure"].tolist()
    return count_by_task({task: gallery(checkpoint, task)["structure"] for task in tasks}, ranking)


@st.cache_data(max_entries=32, show_spinner="Choosing examples …")
def most_chosen_cards(checkpoint: Checkpoint, task: str, top: int, examples: int) -> pd.DataFrame:
    """The most chosen structures of a task, with a seeded sample of the images that chose them."""
    from den_core.analysis import most_chosen

    return most_chosen(gallery(checkpoint, task), top, examples, seed=0)


@st.cache_resource(max_entries=8, show_spinner="Opening the data set …")
def _source(source: str, split: str) -> ImageSource:
    from den_core.data.sources import open_source

    return open_source(source, split)


@st.cache_data(max_entries=4000, show_spinner=False)
def _picture(source: str, split: str, row: int, side: int) -> bytes:
    from den_core.analysis import picture

    return picture(_source(source, split), row, side)


def gallery_picture(checkpoint: Checkpoint, task: str, row: int, side: int) -> bytes:
    """The test image behind a row of a gallery, as a PNG of at most that many pixels a side."""
    frame = gallery(checkpoint, task)
    return _picture(frame.attrs["source"], frame.attrs["split"], int(frame["row"].iat[row]), side)


@st.cache_data(max_entries=4000, show_spinner=False)
def _tile(source: str, split: str, row: int, side: int, gap: int) -> bytes:
    from den_core.analysis import tile

    return tile(_source(source, split), row, side, gap)


def gallery_tile(checkpoint: Checkpoint, task: str, row: int, side: int, gap: int) -> bytes:
    """The same as a square of `side` pixels with a transparent gap at its sides, for rows of pictures."""
    frame = gallery(checkpoint, task)
    return _tile(frame.attrs["source"], frame.attrs["split"], int(frame["row"].iat[row]), side, gap)


def gallery_original(checkpoint: Checkpoint, task: str, row: int) -> bytes:
    """The encoded test image behind a row of a gallery, as the data set holds it."""
    frame = gallery(checkpoint, task)
    source = _source(frame.attrs["source"], frame.attrs["split"])
    return source.encoded(int(frame["row"].iat[row]))


@st.cache_data(max_entries=32, show_spinner=False)
def samples() -> dict[str, bytes]:
    """The shipped sample images by file name."""
    return {file.name: file.read_bytes() for file in sorted(SAMPLES.glob("*.png"))}


@st.cache_data(max_entries=32, show_spinner=False)
def _inspections(
    checkpoint: Checkpoint, tasks: tuple[str, ...], digest: str, _data: bytes
) -> tuple[bytes, dict[str, Inspection]]:
    from den_core.analysis import inspect_image, thumbnail
    from den_core.data.images import decode_image

    image = decode_image(_data)
    net = network(checkpoint)
    return thumbnail(image, PREVIEW), {task: inspect_image(net, image, task) for task in tasks}


def inspections(
    checkpoint: Checkpoint, tasks: tuple[str, ...], data: bytes
) -> tuple[bytes, Mapping[str, Inspection]]:
    """A preview (PNG) of an encoded image, and what the network does with it in each of those tasks."""
    return _inspections(checkpoint, tasks, hashlib.sha256(data).hexdigest(), data)
