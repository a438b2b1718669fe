"""Images that are nearest to a query, in every task: the paper's Fig. 3, exact, by brute force.

At 60 numbers an image, 30,000 images are compared in some milliseconds. Trees are slower at this dimension, and
approximate indexes now and then name a wrong neighbour: `approximate.py` measures how often, and decides from which
size on that is worth it. Both kinds of search have one interface, `NeighbourIndex`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from den_core.errors import DataError

MAX_BLOCK_DISTANCE = float(np.sqrt(2))
"Largest l2 distance of two distributions over the levels of one block; over n blocks it is √(2n)."
MUTUAL_SAMPLE = 10_000
"Images per task among which mutual neighbours are looked for; of more a seeded sample is taken."
_CHUNK = 4096
"Rows that are compared at a time, so that the differences stay in the processor's cache."


class NeighbourIndex(Protocol):
    """A set of N vectors that can be asked for those nearest to another."""

    exact: bool
    "Whether the answer is always the true one."

    def __len__(self) -> int:
        """N."""

    def search(self, query: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
        """The k vectors with the smallest distance to a query, nearest first.

        Args:
            query: as many numbers as a vector has, of any shape.
            k: how many; fewer come back where there are fewer.
            exclude: row of the query itself, when it is one of the vectors.

        Returns:
            row (int64), distance, ties: how many vectors are exactly as far away, this one too. Vectors at equal
            distance come in the order of their rows.

        Raises:
            DataError: a query of another length.
        """


class ExactIndex:
    """Brute force by l2 distance.

    Args:
        vectors: (N, …), flattened to (N, D) float32 and not copied where they are that already.
    """

    exact = True

    def __init__(self, vectors: np.ndarray):
        self.vectors = flat_vectors(vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def search(self, query: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
        """See `NeighbourIndex.search`."""
        return ranked(l2_distances(query, self.vectors), k, exclude)


class HammingIndex:
    """Brute force by the number of blocks that run at another level.

    Args:
        levels: (N, n).
    """

    exact = True

    def __init__(self, levels: np.ndarray):
        self.levels = np.asarray(levels, dtype=np.uint8)

    def __len__(self) -> int:
        return len(self.levels)

    def search(self, query: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
        """See `NeighbourIndex.search`; distance is a whole number of blocks."""
        point = np.asarray(query, dtype=np.uint8).reshape(-1)
        _check_length(point, self.levels)
        return ranked((self.levels != point).sum(axis=1).astype(np.float64), k, exclude)


def flat_vectors(vectors: np.ndarray) -> np.ndarray:
    """(N, …) as float32 (N, D), contiguous."""
    vectors = np.asarray(vectors, dtype=np.float32)
    return np.ascontiguousarray(vectors.reshape(len(vectors), int(np.prod(vectors.shape[1:]))))


def _check_length(point: np.ndarray, vectors: np.ndarray) -> None:
    if len(vectors) and vectors.shape[1] != point.size:
        raise DataError(
            f"expected a gallery of distributions with {point.size} numbers, found {vectors.shape[1]}; write "
            "the gallery again with `den index CHECKPOINT`"
        )


def l2_distances(query: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The l2 distance of a query to every vector: float32, (N,).

    Raises:
        DataError: query and vectors of different lengths.
    """
    point = np.asarray(query, dtype=np.float32).reshape(-1)
    _check_length(point, vectors)
    squares = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _CHUNK):
        # A difference first, not |a|² - 2ab + |b|²: near zero the second form loses every digit that matters.
        gap = vectors[start : start + _CHUNK] - point
        np.einsum("ij,ij->i", gap, gap, out=squares[start : start + _CHUNK])
    return np.sqrt(squares, out=squares)


def ranked(distance: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
    """The k smallest of N distances as `NeighbourIndex.search` returns them."""
    if exclude is not None:
        distance = distance.copy()
        distance[exclude] = np.inf
    k = min(k, len(distance) - (exclude is not None))
    if k <= 0:
        return pd.DataFrame({"row": np.zeros(0, np.int64), "distance": np.zeros(0), "ties": np.zeros(0, np.int64)})
    # Only rows up to the k-th distance are sorted: a full sort of a million takes longer than comparing them.
    reach = np.partition(distance, k - 1)[k - 1]
    within = np.flatnonzero(distance <= reach)
    rows = within[np.argsort(distance[within], kind="stable")][:k]
    near = np.sort(distance[within])
    ties = np.searchsorted(near, distance[rows], "right") - np.searchsorted(near, distance[rows], "left")
    return pd.DataFrame({"row": rows.astype(np.int64), "distance": distance[rows].astype(np.float64), "ties": ties})


def nearest(query: np.ndarray, gallery: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
    """The k rows of a gallery with the smallest l2 distance to a query, nearest first.

    Args:
        query: model distribution of one image, (n, h) or (n·h,).
        gallery: model distributions of N images, (N, n, h) or (N, n·h).
        k: how many rows; fewer come back where the gallery has fewer.
        exclude: row of the query itself, when it is part of this gallery.

    Returns:
        Columns row, distance, ties: how many of the gallery's rows are exactly as far away, this one too.
        Rows at equal distance come in the order of the gallery.

    Raises:
        DataError: query and gallery of different lengths.
    """
    return ExactIndex(gallery).search(query, k, exclude)


def search_per_task(
    query: np.ndarray, indexes: Mapping[str, NeighbourIndex], k: int = 4, exclude: tuple[str, int] | None = None
) -> pd.DataFrame:
    """The k nearest rows of every task's index, as its `search` returns them, with a column task in front.

    k is taken per task: tasks differ in size, and a common k would show the largest task only.

    Args:
        exclude: (task, row) of the query itself, when it comes from one of the indexes.
    """
    found = []
    for task, index in indexes.items():
        own_row = exclude[1] if exclude is not None and exclude[0] == task else None
        part = index.search(query, k, exclude=own_row)
        part.insert(0, "task", task)
        found.append(part)
    if not found:
        return pd.DataFrame({"task": [], "row": [], "distance": [], "ties": []})
    return pd.concat(found, ignore_index=True)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared l2 distances (A, B) in double precision, with equal ones equal: rounded to 1e-10."""
    products = a @ b.T
    squares = (a * a).sum(1)[:, None] - 2 * products + (b * b).sum(1)[None, :]
    return np.round(np.maximum(squares, 0), 10)


def mutual_neighbours(first: np.ndarray, second: np.ndarray, limit: int = MUTUAL_SAMPLE, seed: int = 0) -> pd.DataFrame:
    """Pairs of images of two tasks, each of which is the other's nearest.

    Of a task with more than `limit` images a seeded sample is searched, so that the work stays bounded: 10,000 against
    10,000 images at 36 numbers take some seconds. Of equally near images the first in the order of the data counts;
    distances that differ by less than 1e-5 are equal.

    Args:
        first, second: vectors of the images of two tasks, (N, …) and (M, …), with equally many numbers.

    Returns:
        row, other_row (in `first` and `second`), distance; nearest pair first.

    Raises:
        DataError: vectors of different lengths.
    """
    rng = np.random.default_rng(seed)
    rows, other_rows = (
        np.arange(len(part)) if len(part) <= limit else np.sort(rng.choice(len(part), limit, replace=False))
        for part in (first, second)
    )
    a, b = (
        flat_vectors(np.asarray(part)[keep]).astype(np.float64) for part, keep in ((first, rows), (second, other_rows))
    )
    if not len(a) or not len(b):
        return pd.DataFrame({"row": np.zeros(0, np.int64), "other_row": np.zeros(0, np.int64), "distance": np.zeros(0)})
    _check_length(a[0], b)
    nearest_b = np.empty(len(a), dtype=np.int64)
    best_of_b, nearest_a = np.full(len(b), np.inf), np.zeros(len(b), dtype=np.int64)
    for start in range(0, len(a), 1024):
        squares = squared_distances(a[start : start + 1024], b)
        nearest_b[start : start + 1024] = squares.argmin(1)
        best, place = squares.min(0), squares.argmin(0)
        closer = best < best_of_b
        best_of_b[closer], nearest_a[closer] = best[closer], place[closer] + start
    own = np.flatnonzero(nearest_a[nearest_b] == np.arange(len(a)))
    distance = np.sqrt(best_of_b[nearest_b[own]])
    order = np.argsort(distance, kind="stable")
    return pd.DataFrame(
        {
            "row": rows[own][order],
            "other_row": other_rows[nearest_b[own]][order],
            "distance": distance[order],
        }
    )


def mutual_neighbours_of_tasks(
    vectors: Mapping[str, np.ndarray], limit: int = MUTUAL_SAMPLE, seed: int = 0
) -> pd.DataFrame:
    """`mutual_neighbours` for every pair of tasks: task, row, other_task, other_row, distance; nearest pair first."""
    names = list(vectors)
    found = []
    for place, task in enumerate(names):
        for other in names[place + 1 :]:
            part = mutual_neighbours(vectors[task], vectors[other], limit, seed)
            part.insert(0, "task", task)
            part.insert(2, "other_task", other)
            found.append(part)
    if not found:
        return pd.DataFrame({name: [] for name in ("task", "row", "other_task", "other_row", "distance")})
    return pd.concat(found, ignore_index=True).sort_values("distance", kind="stable", ignore_index=True)
