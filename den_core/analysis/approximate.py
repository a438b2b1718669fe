"""Approximate search with faiss, where there are more images than exact search should compare one by one.

Optional: `pip install "deep-elastic-networks[faiss]"`. `den benchmark search` measures what it buys and costs.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd

from den_core.analysis.neighbours import ExactIndex, NeighbourIndex, flat_vectors, l2_distances, ranked
from den_core.errors import ConfigError, DataError

APPROXIMATE_FROM = 500_000
"Images of one task from which on `neighbour_index` searches approximately, where faiss is installed."
SHORTLIST = 8
"Candidates per neighbour that are asked of faiss and then compared exactly."
_TRAIN_ROWS = 200_000


def faiss_installed() -> bool:
    """Whether faiss can be imported; does not import it."""
    return importlib.util.find_spec("faiss") is not None


def require_faiss():
    if not faiss_installed():
        raise ConfigError(
            'expected the package faiss, found none; install it with `pip install "deep-elastic-networks[faiss]"`'
        )
    import faiss

    return faiss


class FaissIndex:
    """An inverted file: vectors are put into √N cells around k-means centres, and a query looks into some of them.

    Measured on one thread of an EPYC with a million vectors of 36 numbers, synthesised from open3-wrn: exact search
    took 34 ms per query; looking into 1, 4, 16 and 64 of 1,000 cells found 46, 79, 98 and 100 % of the 4 nearest of
    200 queries, in 0.4, 0.4, 0.6 and 1.1 ms. So 64 is the default.

    What faiss returns is compared once more exactly, so that the distances are true and equal ones come in row order;
    only a neighbour in a cell that was not looked into is missed.

    Args:
        vectors: (N, …), flattened to (N, D) float32.
        cells: how many cells; None takes √N.
        probes: how many cells a query looks into.
        seed: of the rows that the centres are found on.

    Raises:
        ConfigError: faiss is not installed.
        DataError: no vectors.
    """

    exact = False

    def __init__(self, vectors: np.ndarray, cells: int | None = None, probes: int = 64, seed: int = 0):
        faiss = require_faiss()
        self.vectors = flat_vectors(vectors)
        N, D = self.vectors.shape
        if not N:
            raise DataError("expected vectors to search among, found none; index the checkpoint first")
        cells = cells or max(int(np.sqrt(N)), 1)
        self._index = faiss.IndexIVFFlat(faiss.IndexFlatL2(D), D, cells)
        self._index.cp.seed = seed
        # Fewer rows than faiss likes per cell are no error; its warning would be printed past Python's.
        self._index.cp.min_points_per_centroid = 1
        rows = np.random.default_rng(seed).permutation(N)[:_TRAIN_ROWS]
        self._index.train(self.vectors[rows])
        self._index.add(self.vectors)
        self._index.nprobe = min(probes, cells)

    def __len__(self) -> int:
        return len(self.vectors)

    def search(self, query: np.ndarray, k: int, exclude: int | None = None) -> pd.DataFrame:
        """See `NeighbourIndex.search`; ties are counted among the candidates only, and fewer than k may be found."""
        point = np.asarray(query, dtype=np.float32).reshape(1, -1)
        if point.shape[1] != self.vectors.shape[1]:
            raise DataError(f"expected a query of {self.vectors.shape[1]} numbers, found {point.shape[1]}")
        _, rows = self._index.search(point, min(SHORTLIST * (k + 1), len(self)))
        rows = np.sort(rows[0][rows[0] >= 0])
        rows = rows if exclude is None else rows[rows != exclude]
        found = ranked(l2_distances(point, self.vectors[rows]), k)
        found["row"] = rows[found["row"].to_numpy()]
        return found


def neighbour_index(vectors: np.ndarray) -> NeighbourIndex:
    """The index to search those vectors with: exact, unless they are very many and faiss is installed.

    The only place where this is decided. Exact search takes tens of milliseconds for a million vectors (measured:
    `assets/benchmarks/README.md`), so that it is the rule up to APPROXIMATE_FROM and wherever faiss is missing.
    """
    if len(vectors) > APPROXIMATE_FROM and faiss_installed():
        return FaissIndex(vectors)
    return ExactIndex(vectors)
