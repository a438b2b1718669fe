"""Model distributions in the plane, and which images lie inside a drawn outline.

A model distribution is a point of n · h numbers. Principal components keep most of the spread that two axes can keep;
t-SNE keeps who is next to whom and gives up distances. On either map, distance is not l2 distance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.errors import DataError
from den_core.structure_keys import what_ran

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

MAX_VERTICES = 40
"Corners of an outline that is kept: more would make a link too long to share."
TSNE_IMAGES = 2000
"t-SNE takes minutes for more."
SHAKE = 0.008
"By how much a point is moved at most so that equal images do not hide each other: share of the map's width."
DECIMALS = 3


@dataclass(frozen=True)
class Projection:
    """Where images lie on a map. Arrays are read-only.

    Args:
        images: task, row (position in the task's gallery); one row per image on the map.
        points: float32 (N, 2), with the small seeded shift that keeps equal images apart.
        explained: share of the variance that each axis shows, fractions; None for t-SNE.
    """

    images: pd.DataFrame
    points: np.ndarray
    explained: tuple[float, float] | None

    @property
    def width(self) -> float:
        """The larger side of the map, in its own units; 1 where all images lie on one point."""
        return float(np.ptp(self.points, axis=0).max()) or 1.0


def stacked(distributions: Mapping[str, np.ndarray]) -> tuple[np.ndarray, pd.DataFrame]:
    """All tasks' model distributions as rows, float32 (N, n·h), and which image each is: task, row.

    Raises:
        DataError: no image, or tasks with other numbers of blocks or levels.
    """
    shapes = {array.shape[1:] for array in distributions.values()}
    if len(shapes) > 1:
        raise DataError(
            f"expected distributions over the same blocks and levels in every task, found {sorted(shapes)}; "
            "write the galleries again with `den index CHECKPOINT`"
        )
    if not sum(map(len, distributions.values())):
        raise DataError("expected at least one image, found none; write galleries with `den index`")
    flat = np.concatenate([array.reshape(len(array), -1) for array in distributions.values()])
    tasks = pd.Categorical.from_codes(
        np.repeat(np.arange(len(distributions)), [len(array) for array in distributions.values()]),
        categories=list(distributions),
    )
    rows = np.concatenate([np.arange(len(array)) for array in distributions.values()])
    return flat, pd.DataFrame({"task": tasks, "row": rows})


def principal_components(flat: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """The two directions of largest variance.

    Args:
        flat: (N, D), D >= 2.

    Returns:
        Coordinates, float64 (N, 2), and the share of the variance along each, fractions; 0 where nothing varies.
        The same input gives the same map: of the two possible signs of an axis, the one is taken in which the
        weight that is largest, whatever its sign, is positive.
    """
    from sklearn.decomposition import PCA  # slow to import, and only needed here

    if not np.ptp(flat, axis=0).any():
        return np.zeros((len(flat), 2)), (0.0, 0.0)
    method = PCA(2, svd_solver="covariance_eigh")
    points = method.fit_transform(flat.astype(np.float64))
    first, second = method.explained_variance_ratio_.tolist()
    return points, (first, second)


def pca_map(distributions: Mapping[str, np.ndarray], seed: int = 0) -> Projection:
    """All images by their two principal components; every image weighs the same."""
    flat, images = stacked(distributions)
    points, explained = principal_components(flat)
    return Projection(images, shaken(points, seed), explained)


def tsne_map(
    distributions: Mapping[str, np.ndarray], most: int = TSNE_IMAGES, perplexity: float = 30, seed: int = 0
) -> Projection:
    """A seeded sample of at most `most` images by t-SNE, which puts images next to their nearest neighbours.

    Takes between ten seconds and a minute for 2,000 images, by how busy the machine is.

    Raises:
        DataError: fewer than three images.
    """
    from sklearn.manifold import TSNE

    flat, images = stacked(distributions)
    if len(flat) < 3:
        raise DataError(f"expected at least 3 images for t-SNE, found {len(flat)}; look at the principal components")
    rows = sample_rows(len(flat), most, seed)
    method = TSNE(init="pca", perplexity=min(perplexity, (len(rows) - 1) / 3), random_state=seed, n_jobs=1)
    points = method.fit_transform(flat[rows])
    return Projection(images.iloc[rows].reset_index(drop=True), shaken(points, seed, 0.0), None)


def map_images(
    found: Projection, galleries: Mapping[str, Gallery], classes: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """What is known of every image on a map, in the order of the map.

    Args:
        galleries: by task; those that the map was made of.
        classes: class names by task.

    Returns:
        task, row, class_name, answer, correct, confidence, structure, macs, x, y, and label: a line to show for the
        image, as a categorical.
    """
    tasks = found.images["task"].to_numpy()
    parts = []
    for task, gallery in galleries.items():
        places = np.flatnonzero(tasks == task)
        rows = found.images["row"].to_numpy()[places]
        names = np.asarray(classes[task], dtype=object)
        frame = gallery.frame.iloc[rows]
        columns = {name: frame[name].to_numpy() for name in ("correct", "confidence", "structure", "macs")}
        start = {"task": task, "row": rows, "class_name": names[frame["label"]], "answer": names[frame["prediction"]]}
        parts.append(pd.DataFrame(start | columns | {"label": _labels(frame, names)}, index=places))
    facts = pd.concat(parts).sort_index()
    facts["label"] = facts["label"].astype("category")
    x, y = found.points.T
    return facts.assign(x=x, y=y)


def _labels(frame: pd.DataFrame, names: np.ndarray) -> np.ndarray:
    """A line per image; written once for all images that agree in it."""
    columns = ["label", "prediction", "structure", "macs"]
    codes = frame.groupby(columns, sort=False).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    lines = [
        f"{names[label]} {'✓' if label == answer else f'✗ {names[answer]}'}, {what_ran(structure)}, "
        f"{macs / 1e6:.1f} M MACs"
        for label, answer, structure, macs in frame.iloc[first][columns].itertuples(index=False)
    ]
    return np.asarray(lines, dtype=object)[codes]


def shaken(points: np.ndarray, seed: int = 0, share: float = SHAKE) -> np.ndarray:
    """Points with a small seeded shift, float32, read-only: a row's shift depends on its place and the seed only."""
    reach = float(np.ptp(points, axis=0).max()) or 1.0
    shift = np.random.default_rng(seed).uniform(-share / 2, share / 2, points.shape) * reach
    moved = (points + shift).astype(np.float32)
    moved.setflags(write=False)
    return moved


def sample_rows(total: int, most: int, seed: int = 0) -> np.ndarray:
    """At most `most` of the positions 0 … total-1, a seeded sample without repetition, rising."""
    if total <= most:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, size=most, replace=False))


def inside(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Which points lie inside an outline, bool (N,); where it crosses itself, by the even-odd rule.

    Args:
        points: (N, 2).
        outline: corners, (V, 2), V ≥ 3; the last one is joined to the first.
    """
    low, high = outline.min(axis=0), outline.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        odd ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    found = np.zeros(len(points), dtype=bool)
    found[near[odd]] = True
    return found


def simplified(outline: np.ndarray, most: int = MAX_VERTICES) -> np.ndarray:
    """The outline with at most `most` corners: again and again the corner goes that spans the least area."""
    corners = np.asarray(outline, dtype=np.float64).reshape(-1, 2)
    while len(corners) > max(most, 3):
        before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
        (ax, ay), (bx, by) = (corners - before).T, (after - before).T
        corners = np.delete(corners, np.abs(ax * by - ay * bx).argmin(), axis=0)
    return corners


def box(x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    """The four corners of a rectangle."""
    return np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], dtype=np.float64)


def outline_text(outline: np.ndarray) -> str:
    """An outline for a link: simplified, rounded, corners as x_y joined by ~."""
    # Adding 0 turns -0 into 0.
    return "~".join(f"{x:.{DECIMALS}f}_{y:.{DECIMALS}f}" for x, y in simplified(outline).round(DECIMALS) + 0.0)


def read_outline(text: str) -> np.ndarray:
    """The corners that `outline_text` wrote, float64 (V, 2).

    Raises:
        DataError: text that is no outline of 3 to MAX_VERTICES corners.
    """
    number = r"-?\d{1,6}(?:\.\d{1,6})?"
    corner = f"{number}_{number}"
    if not re.fullmatch(f"{corner}(?:~{corner}){{2,{MAX_VERTICES - 1}}}", text, flags=re.ASCII):
        raise DataError(
            f"expected 3 to {MAX_VERTICES} corners such as 0.5_-1.2~…, found {text[:40]!r}; draw the outline again"
        )
    return np.array([[float(value) for value in corner.split("_")] for corner in text.split("~")])
