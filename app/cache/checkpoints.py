"""Which checkpoints there are, and what their files say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

from den_core.checkpoints.folder import list_checkpoints, read_config, read_history
from den_core.checkpoints.metrics import read_metrics

if TYPE_CHECKING:
    from den_core.checkpoints.folder import CheckpointInfo
    from den_core.checkpoints.metrics import Metrics
    from den_core.inference.network import DeepElasticNetwork

REPOSITORY = Path(__file__).resolve().parents[2]


class Checkpoint(NamedTuple):
    """Which checkpoint, and which state of its files."""

    path: str
    stamp: int

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def folder(self) -> str:
        """Where it is, as a visitor would type it: relative to the working directory where it lies below that."""
        path = Path(self.path)
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def checkpoints_root() -> Path:
    """The folder that holds the checkpoints; DEN_CHECKPOINTS overrides the one of this repository."""
    return Path(os.environ.get("DEN_CHECKPOINTS") or REPOSITORY / "checkpoints")


def checkpoint_names() -> list[str]:
    """The checkpoint folders under the root, whether or not they can be loaded."""
    return [folder.name for folder in list_checkpoints(checkpoints_root())]


def identify(name: str) -> Checkpoint:
    """The checkpoint of that name, one of `checkpoint_names`, as its files are now.

    The stamp covers times, sizes and names: a file that was replaced by an older one changes it too.
    """
    folder = checkpoints_root() / name
    state = []
    for file in (*folder.glob("*"), *folder.glob("gallery/*")):
        try:
            about = file.stat()
        except OSError:  # it vanished after it was listed
            continue
        state.append((str(file), about.st_mtime_ns, about.st_size))
    return Checkpoint(str(folder), hash(tuple(sorted(state))))


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
    return read_config(Path(checkpoint.path))


def classes(checkpoint: Checkpoint) -> dict[str, tuple[str, ...]]:
    """The class names of every task."""
    return {task.name: task.class_names for task in info(checkpoint).network.tasks}


@st.cache_resource(max_entries=8, show_spinner="Reading the metrics …")
def metrics(checkpoint: Checkpoint) -> Metrics | None:
    """The content of metrics.json, or None where the checkpoint was not evaluated.

    Raises:
        CheckpointError: the file is damaged, or about other tasks than the network's; or config.json is damaged.
    """
    tasks, found = classes(checkpoint), read_metrics(Path(checkpoint.path))
    if found is not None:
        found.check_tasks(tasks)
    return found


def measured(checkpoint: Checkpoint) -> Metrics:
    """The content of metrics.json of a checkpoint that was evaluated, as pages make sure of first."""
    found = metrics(checkpoint)
    assert found is not None
    return found


@st.cache_data(max_entries=8, show_spinner="Reading the history …")
def history(checkpoint: Checkpoint) -> pd.DataFrame:
    """history.csv; no rows where there is none."""
    return read_history(Path(checkpoint.path))
