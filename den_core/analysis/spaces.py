"""Do two ways of calling images alike name the same images, and what do these have in common?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from den_core.analysis.neighbours import flat_vectors, squared_distances
from den_core.errors import DataError

POOL = 20_000
"Images of a task that `compare_spaces` searches among; of more a seeded sample is taken."


def overlap(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Share of the neighbours (task and row) of the first list that are in the second too; nan where it is empty."""
    if first.empty:
        return float("nan")
    other = set(zip(second["task"], second["row"], strict=True))
    return float(np.mean([pair in other for pair in zip(first["task"], first["row"], strict=True)]))


def _sampled_neighbours(vectors: np.ndarray, queries: np.ndarray, k: int, hamming: bool, seed: int) -> np.ndarray:
    """Rows of the k nearest others of every query, (Q, k); equally near ones in a seeded random order."""
    rng = np.random.default_rng(seed)
    vectors = vectors if hamming else vectors.astype(np.float64)
    found = []
    for start in range(0, len(queries), 32):
        rows = queries[start : start + 32]
        if hamming:
            distance = np.zeros((len(rows), len(vectors)))
            for block in range(vectors.shape[1]):
                distance += vectors[rows, block][:, None] != vectors[:, block][None, :]
        else:
            distance = squared_distances(vectors[rows], vectors)
        distance[np.arange(len(rows)), rows] = np.inf
        reach = np.partition(distance, k - 1, axis=1)[:, k - 1]
        for line, limit in zip(distance, reach, strict=True):
            within = np.flatnonzero(line <= limit)
            within = within[rng.permutation(len(within))]
            found.append(within[np.argsort(line[within], kind="stable")][:k])
    return np.stack(found)


def compare_spaces(
    spaces: Mapping[str, np.ndarray],
    labels: np.ndarray,
    probability: np.ndarray,
    hamming: str = "structure",
    k: int = 8,
    queries: int = 200,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether different spaces call the same images of one task similar, and what these have in common.

    Args:
        spaces: by name, vectors of the same N images, (N, …).
        labels: true classes, (N,).
        probability: of the true class, (N,): how easy the network finds the image.
        hamming: the space in which distance is the number of differing entries; l2 in the others.
        queries: images that are asked for; a seeded sample of the N where there are more. Of more than POOL images
            a seeded sample is searched.

    Returns:
        First: one row per space, and one "chance" for neighbours drawn at random: same_class (share of the neighbours
        with the query's class), gap (mean difference of the true-class probability between query and neighbour).
        Second: share of the k neighbours in common, spaces × spaces. Equally near images come in a seeded random
        order here: in the order of the data, ties would look like agreement.

    Raises:
        DataError: fewer than k + 1 images.
    """
    N = len(labels)
    if N <= k:
        raise DataError(f"expected more than {k} images to compare neighbours, found {N}; index more of them")
    rng = np.random.default_rng(seed)
    if N > POOL:
        kept = np.sort(rng.choice(N, POOL, replace=False))
        spaces = {name: np.asarray(vectors)[kept] for name, vectors in spaces.items()}
        labels, probability, N = labels[kept], probability[kept], POOL
    asked = np.sort(rng.choice(N, min(queries, N), replace=False))
    found = {}
    for place, (name, vectors) in enumerate(spaces.items()):
        flat = np.asarray(vectors).reshape(N, -1) if name == hamming else flat_vectors(vectors)
        found[name] = _sampled_neighbours(flat, asked, k, name == hamming, seed + place)
    drawn = rng.integers(0, N - 1, (len(asked), k))
    found_by_chance = drawn + (drawn >= asked[:, None])
    rows = {
        name: {
            "same_class": float((labels[near] == labels[asked][:, None]).mean()),
            "gap": float(np.abs(probability[near] - probability[asked][:, None]).mean()),
        }
        for name, near in {**found, "chance": found_by_chance}.items()
    }
    common = {
        name: {
            other: float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(near, found[other], strict=True)]))
            for other in found
        }
        for name, near in found.items()
    }
    return pd.DataFrame(rows).T, pd.DataFrame(common).T
