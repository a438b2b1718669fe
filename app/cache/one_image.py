"""What the pages about one image ask for: answers, other structures for the same image, images that are alike.

Images are keyed by the SHA-256 of their bytes; the bytes themselves are not kept here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app.cache.checkpoints import Checkpoint, network
from app.cache.galleries import galleries, gallery, tasks_with_gallery

if TYPE_CHECKING:
    import numpy as np
    import torch

    from den_core.analysis.inspection import Inspection
    from den_core.analysis.neighbours import NeighbourIndex
    from den_core.analysis.stability import Stability

PREVIEW = 110
"Pixels of the picture that is inspected. Shown at this size: Streamlit cannot shrink a strip to no height."
DISTRIBUTION, STRUCTURE, FEATURES = "distribution", "structure", "features"
"Spaces in which images can be alike."
RANDOM_STRUCTURES = 40
"Drawn for the accuracy–cost picture of an image."


def digest(data: bytes) -> str:
    """The name of an image in the caches."""
    return hashlib.sha256(data).hexdigest()


@st.cache_data(max_entries=256, show_spinner=False)
def _preview(digest: str, _data: bytes) -> tuple[bytes | None, str]:
    from den_core.data.images import decode_image
    from den_core.data.pictures import thumbnail
    from den_core.errors import ImageError

    try:
        return thumbnail(decode_image(_data), PREVIEW), ""
    except ImageError as error:
        return None, str(error)


def preview(data: bytes) -> tuple[bytes | None, str]:
    """A small PNG of an encoded image; None and the reason where it cannot be read."""
    return _preview(digest(data), data)


@st.cache_data(max_entries=64, show_spinner=False)
def _prepared(checkpoint: Checkpoint, digest: str, _data: bytes) -> tuple[bytes, dict[str, torch.Tensor]]:
    """A preview of an image, and the image as an input of every task: a large photo is decoded once for all of them."""
    from den_core.data.images import decode_image
    from den_core.data.pictures import thumbnail

    image = decode_image(_data)
    net = network(checkpoint)
    return thumbnail(image, PREVIEW), {task: net.preprocess([image], task) for task in net.tasks}


def _input(checkpoint: Checkpoint, task: str, data: bytes) -> torch.Tensor:
    return _prepared(checkpoint, digest(data), data)[1][task]


@st.cache_data(max_entries=64, show_spinner=False)
def _inspections(checkpoint: Checkpoint, tasks: tuple[str, ...], digest: str, _data: bytes) -> dict[str, Inspection]:
    from den_core.analysis.inspection import inspect_image

    inputs = _prepared(checkpoint, digest, _data)[1]
    return {task: inspect_image(network(checkpoint), inputs[task], task) for task in tasks}


def inspections(checkpoint: Checkpoint, tasks: tuple[str, ...], data: bytes) -> tuple[bytes, Mapping[str, Inspection]]:
    """A preview (PNG) of an encoded image, and what the network does with it in each of those tasks.

    Raises:
        ImageError: the image cannot be read.
    """
    found = _inspections(checkpoint, tasks, digest(data), data)
    return _prepared(checkpoint, digest(data), data)[0], found


@st.cache_data(max_entries=512, show_spinner=False)
def _probed(
    checkpoint: Checkpoint, task: str, structures: tuple[str, ...], wanted: str | None, digest: str, _data: bytes
) -> pd.DataFrame:
    from den_core.analysis.probing import probe

    return probe(network(checkpoint), _input(checkpoint, task, _data), task, structures, wanted)


def probed(
    checkpoint: Checkpoint, task: str, data: bytes, structures: tuple[str, ...], wanted: str | None = None
) -> pd.DataFrame:
    """One image through structures, see `den_core.analysis.probing.probe`."""
    return _probed(checkpoint, task, structures, wanted, digest(data), data)


@st.cache_data(max_entries=64, show_spinner="Trying other structures …")
def _tried(checkpoint: Checkpoint, task: str, wanted: str | None, digest: str, _data: bytes) -> pd.DataFrame:
    from den_core.analysis.probing import probe_candidates

    x = _input(checkpoint, task, _data)
    return probe_candidates(network(checkpoint), x, task, wanted, randoms=RANDOM_STRUCTURES)


def tried(checkpoint: Checkpoint, task: str, data: bytes, wanted: str | None = None) -> pd.DataFrame:
    """One image through the structures that are worth trying, see `den_core.analysis.probing.probe_candidates`."""
    return _tried(checkpoint, task, wanted, digest(data), data)


def weighted_structure(checkpoint: Checkpoint, distribution: np.ndarray, weight: float) -> str:
    """The structure that a model distribution, (n, h), gives at a cost weight."""
    import torch

    from den_core.structure_keys import structure_key

    return structure_key(network(checkpoint).choose(torch.from_numpy(distribution)[None], weight)[0])


@st.cache_data(max_entries=64, show_spinner="Changing the image …")
def _steadiness(checkpoint: Checkpoint, task: str, seed: int, digest: str, _data: bytes) -> Stability:
    from den_core.analysis.stability import stability

    return stability(network(checkpoint), _data, task, seed)


def steadiness(checkpoint: Checkpoint, task: str, data: bytes, seed: int = 0) -> Stability:
    """The choice for changed forms of an image, see `den_core.analysis.stability.stability`."""
    return _steadiness(checkpoint, task, seed, digest(data), data)


def encoded(pixels: np.ndarray) -> bytes:
    """Pixels, uint8 (S, S, 3), as a PNG."""
    from PIL import Image

    from den_core.data.pictures import thumbnail

    return thumbnail(Image.fromarray(pixels), len(pixels))


def spaces(checkpoint: Checkpoint) -> list[str]:
    """The spaces that every indexed task has vectors of."""
    found = galleries(checkpoint).values()
    return [DISTRIBUTION, STRUCTURE, *([FEATURES] if all(part.features is not None for part in found) else [])]


def vectors(checkpoint: Checkpoint, task: str, space: str) -> np.ndarray:
    """The vectors of a task's images in a space that the checkpoint has, (N, …)."""
    found = gallery(checkpoint, task)
    by_space = {DISTRIBUTION: found.distribution, STRUCTURE: found.levels, FEATURES: found.features}
    wanted = by_space[space]
    assert wanted is not None  # `spaces` lists only those that every task has
    return wanted


@st.cache_resource(max_entries=6, show_spinner="Preparing the search …")
def indexes(checkpoint: Checkpoint, space: str) -> dict[str, NeighbourIndex]:
    """What finds the nearest images of every indexed task in a space."""
    from den_core.analysis.approximate import neighbour_index
    from den_core.analysis.neighbours import HammingIndex

    make = HammingIndex if space == STRUCTURE else neighbour_index
    return {task: make(vectors(checkpoint, task, space)) for task in tasks_with_gallery(checkpoint)}


@st.cache_data(max_entries=512, show_spinner=False)
def neighbours_of_row(
    checkpoint: Checkpoint, task: str, row: int, space: str = DISTRIBUTION, k: int = 4
) -> pd.DataFrame:
    """The nearest images of every task to one image of a gallery, that image left out."""
    from den_core.analysis.neighbours import search_per_task

    return search_per_task(vectors(checkpoint, task, space)[row], indexes(checkpoint, space), k, exclude=(task, row))


@st.cache_data(max_entries=256, show_spinner="Searching the galleries …")
def neighbours_of(checkpoint: Checkpoint, distribution: np.ndarray, k: int = 4) -> pd.DataFrame:
    """The nearest images of every task to any model distribution, (n, h)."""
    from den_core.analysis.neighbours import search_per_task

    return search_per_task(distribution, indexes(checkpoint, DISTRIBUTION), k)


def largest_distance(checkpoint: Checkpoint, task: str) -> float:
    """The l2 distance that two model distributions of this network can have at most."""
    from den_core.analysis.neighbours import MAX_BLOCK_DISTANCE

    return MAX_BLOCK_DISTANCE * gallery(checkpoint, task).num_blocks ** 0.5


@st.cache_data(max_entries=32, show_spinner="Comparing neighbours …")
def compared_spaces(
    checkpoint: Checkpoint, task: str, names: tuple[str, ...], k: int, queries: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether the spaces call the same images alike, see `den_core.analysis.spaces.compare_spaces`."""
    from den_core.analysis.spaces import compare_spaces

    found = gallery(checkpoint, task)
    return compare_spaces(
        {name: vectors(checkpoint, task, name) for name in names},
        found.frame["label"].to_numpy(),
        found.frame["label_probability"].to_numpy(),
        hamming=STRUCTURE,
        k=k,
        queries=queries,
    )


@st.cache_resource(max_entries=4, show_spinner="Pairing the images of all tasks …")
def mutual_neighbours(checkpoint: Checkpoint) -> pd.DataFrame:
    """Pairs of images of two tasks that are each other's nearest, with the network's answers; nearest pair first.

    Columns: task, row, class_name, other_task, other_row, other_class_name, distance, structure, other_structure,
    correct, other_correct. Shared by all visitors: to be read, never changed.
    """
    from app.cache.checkpoints import classes
    from den_core.analysis.neighbours import mutual_neighbours_of_tasks

    found = mutual_neighbours_of_tasks({task: part.distribution for task, part in galleries(checkpoint).items()})
    names = classes(checkpoint)
    for prefix in ("", "other_"):
        columns: dict[str, pd.Series] = {}
        for task, rows in found.groupby(f"{prefix}task", sort=False)[f"{prefix}row"]:
            frame = gallery(checkpoint, task).frame.iloc[rows]
            part = pd.DataFrame(
                {
                    "class_name": [names[task][label] for label in frame["label"]],
                    "structure": frame["structure"].to_numpy(),
                    "correct": frame["correct"].to_numpy(),
                },
                index=rows.index,
            )
            for column in part:
                columns[column] = pd.concat([columns[column], part[column]]) if column in columns else part[column]
        for column, values in columns.items():
            found[f"{prefix}{column}"] = values
    order = ["task", "row", "class_name", "other_task", "other_row", "other_class_name", "distance"]
    order += ["structure", "other_structure", "correct", "other_correct"]
    return found.reindex(columns=order)
