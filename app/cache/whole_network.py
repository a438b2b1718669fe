"""What the pages about the whole network show: operating points, worth of the look, map, training, comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from app.cache.checkpoints import Checkpoint, checkpoints_root, classes, history, measured, metrics
from app.cache.galleries import distributions, galleries, gallery

if TYPE_CHECKING:
    from den_core.analysis.benefit import Benefit
    from den_core.analysis.comparison import Comparison
    from den_core.analysis.cost_weight import WeightPoint
    from den_core.analysis.history import Turn
    from den_core.analysis.projection import Projection
    from den_core.analysis.slices import Slice
    from den_core.analysis.tour import Contrast
    from den_core.comparisons.options import Options


@st.cache_data(max_entries=8, show_spinner="Reading the metrics …")
def points(checkpoint: Checkpoint) -> pd.DataFrame | None:
    """Every operating point, one row per task and one for the average; None where there are no metrics."""
    from den_core.analysis.tradeoff import operating_points

    found = metrics(checkpoint)
    return None if found is None else operating_points(found)


@st.cache_data(max_entries=8, show_spinner=False)
def gain(checkpoint: Checkpoint) -> pd.Series:
    """The instance gain of every task and on average, a fraction; of a checkpoint that has metrics."""
    from den_core.analysis.tradeoff import instance_gain

    return instance_gain(measured(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def differences(checkpoint: Checkpoint) -> pd.DataFrame:
    """The own choice against its controls, with intervals where measured; of a checkpoint that has metrics."""
    from den_core.analysis.instance_gain import differences

    return differences(measured(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def cost_curves(checkpoint: Checkpoint) -> pd.DataFrame:
    """The own choice and its two controls at every cost weight; no rows where not measured."""
    from den_core.analysis.instance_gain import cost_curves

    return cost_curves(measured(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def concentration(checkpoint: Checkpoint) -> pd.DataFrame:
    """How much the choice differs from image to image, by task; no rows where not measured."""
    from den_core.analysis.instance_gain import concentration

    return concentration(measured(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def rho_sweep(checkpoint: Checkpoint) -> pd.DataFrame:
    """What selectors of other rho reach; no rows where not measured."""
    from den_core.analysis.instance_gain import rho_sweep

    return rho_sweep(measured(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def seeds(checkpoint: Checkpoint) -> pd.DataFrame:
    """What the same recipe reaches from other seeds; no rows where not measured."""
    from den_core.analysis.instance_gain import seeds

    return seeds(measured(checkpoint))


@st.cache_resource(max_entries=16, show_spinner="Comparing with other images' structures …")
def benefit(checkpoint: Checkpoint, task: str) -> Benefit:
    """What every indexed image of a task has of its own structure."""
    from den_core.analysis.benefit import benefit

    return benefit(gallery(checkpoint, task))


@st.cache_data(max_entries=8, show_spinner=False)
def files(checkpoint: Checkpoint) -> pd.DataFrame:
    """The files of a checkpoint's folder and its galleries: file, bytes."""
    folder = Path(checkpoint.path)
    found = [file for file in sorted((*folder.glob("*"), *folder.glob("gallery/*"))) if file.is_file()]
    return pd.DataFrame(
        {
            "file": [file.relative_to(folder).as_posix() for file in found],
            "bytes": [file.stat().st_size for file in found],
        }
    )


@st.cache_resource(max_entries=128, show_spinner="Choosing structures …")
def weight_point(checkpoint: Checkpoint, task: str, weight: float) -> WeightPoint:
    """What a cost weight chooses for the indexed images of a task."""
    from den_core.analysis.cost_weight import weight_point as analysis

    return analysis(gallery(checkpoint, task), weight)


@st.cache_data(max_entries=8, show_spinner="Choosing structures …")
def drift(checkpoint: Checkpoint, weights: tuple[float, ...], tasks: tuple[str, ...]) -> pd.DataFrame:
    """How the use of levels moves with the cost weight, mean over those tasks."""
    from den_core.analysis import cost_weight as analysis

    found = analysis.drift({task: [weight_point(checkpoint, task, weight) for weight in weights] for task in tasks})
    return found.groupby(["weight", "level"], as_index=False)[["share", "changed", "early"]].mean()


@st.cache_resource(max_entries=16, show_spinner=False)
def changed_images(checkpoint: Checkpoint, tasks: tuple[str, ...], weight: float) -> pd.DataFrame:
    """The images of those tasks that choose another structure at a cost weight, one task after the other."""
    from den_core.analysis import cost_weight as analysis

    points = {task: weight_point(checkpoint, task, weight) for task in tasks}
    parts = [analysis.changed_images(gallery(checkpoint, task), point) for task, point in points.items()]
    return pd.concat(parts, ignore_index=True)


@st.cache_resource(max_entries=4, show_spinner="Drawing the map …")
def pca_map(checkpoint: Checkpoint) -> Projection:
    """All indexed images by the principal components of their model distributions."""
    from den_core.analysis import projection

    return projection.pca_map(distributions(checkpoint))


@st.cache_resource(max_entries=4, show_spinner="Computing t-SNE: up to a minute, once …")
def tsne_map(checkpoint: Checkpoint) -> Projection:
    """A sample of the indexed images by t-SNE."""
    from den_core.analysis import projection

    return projection.tsne_map(distributions(checkpoint))


def projected(checkpoint: Checkpoint, method: str) -> Projection:
    """The map "pca" or "tsne"."""
    return pca_map(checkpoint) if method == "pca" else tsne_map(checkpoint)


@st.cache_resource(max_entries=4, show_spinner=False)
def map_images(checkpoint: Checkpoint, method: str) -> pd.DataFrame:
    """What is known of every image on a map, see `den_core.analysis.projection.map_images`; never to be changed."""
    from den_core.analysis import projection

    return projection.map_images(projected(checkpoint, method), galleries(checkpoint), classes(checkpoint))


@st.cache_resource(max_entries=16, show_spinner="Filtering …")
def places_on_map(checkpoint: Checkpoint, method: str, where: Slice) -> np.ndarray:
    """Positions on a map of the images that a slice takes, rising."""
    from den_core.analysis.slices import mask

    images, names = projected(checkpoint, method).images, classes(checkpoint)
    tasks, rows = images["task"].to_numpy(), images["row"].to_numpy()
    keep = np.zeros(len(images), dtype=bool)
    for task, found in galleries(checkpoint).items():
        own = np.flatnonzero(tasks == task)
        keep[own] = mask(found, names[task], where)[rows[own]]
    return np.flatnonzero(keep)


@st.cache_data(max_entries=8, show_spinner=False)
def turns(checkpoint: Checkpoint) -> list[Turn]:
    """The turns of Algorithm 1 that the history records."""
    from den_core.analysis import history as analysis

    return analysis.turns(analysis.check_history(history(checkpoint)))


@st.cache_data(max_entries=8, show_spinner=False)
def validation_by_task(checkpoint: Checkpoint) -> pd.DataFrame:
    """Validation accuracy by task over the images seen."""
    from den_core.analysis import history as analysis

    return analysis.validation_by_task(history(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def contrast(checkpoint: Checkpoint) -> Contrast:
    """Two images of one task that get a cheap and an expensive structure."""
    from den_core.analysis.tour import contrast as analysis

    return analysis(galleries(checkpoint))


@st.cache_data(max_entries=8, show_spinner=False)
def level_shares(checkpoint: Checkpoint) -> pd.DataFrame:
    """Share of all block decisions at every level (columns), by indexed task (rows)."""
    from den_core.analysis.cost_weight import level_shares as analysis

    found = galleries(checkpoint).items()
    return pd.DataFrame({task: analysis(part.levels[~part.early], part.num_levels).mean() for task, part in found}).T


@st.cache_resource(max_entries=16, show_spinner="Comparing image by image …")
def comparison(first: Checkpoint, second: Checkpoint, task: str) -> Comparison:
    """Two checkpoints on the test images of a task that both were run on."""
    from den_core.analysis.comparison import compare

    names, other_names = classes(first)[task], classes(second)[task]
    return compare(gallery(first, task), gallery(second, task), names, other_names)


def rivals() -> dict[str, tuple[Options, pd.DataFrame]]:
    """By folder of comparisons beside the checkpoints: what it compares, and the table of its methods.

    Raises:
        CheckpointError: a file in one of them is not what it should be.
    """
    folders = sorted((checkpoints_root() / "comparisons").glob("*/options.json"))
    return {path.parent.name: _rivals(str(path.parent), _stamp(path.parent)) for path in folders}


def _stamp(folder: Path) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*.*")))


@st.cache_data(max_entries=16, show_spinner="Reading the comparisons …")
def _rivals(folder: str, stamp: tuple[int, ...]) -> tuple[Options, pd.DataFrame]:
    from den_core.comparisons.options import read_options
    from den_core.comparisons.table import read_table

    return read_options(Path(folder)), read_table(Path(folder))
