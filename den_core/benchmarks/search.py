"""How well and how fast neighbours are found: recall against exact search and time per query."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from den_core.analysis.approximate import FaissIndex, require_faiss
from den_core.analysis.neighbours import ExactIndex, NeighbourIndex
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import gallery_path, read_gallery
from den_core.errors import ConfigError, DataError


def jittered(distributions: np.ndarray, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """Model distributions with normal noise on their logarithms, every block brought back to a sum of 1.

    Args:
        distributions: (N, n, h).
        jitter: standard deviation of the noise, nats.

    Returns:
        float32, (N, n, h).
    """
    logits = np.log(np.maximum(distributions.astype(np.float32), 1e-7))
    logits += jitter * rng.standard_normal(logits.shape, dtype=np.float32)
    weight = np.exp(logits - logits.max(axis=2, keepdims=True))
    return weight / weight.sum(axis=2, keepdims=True)


def synthesise(distributions: np.ndarray, rows: int, jitter: float, seed: int = 0) -> np.ndarray:
    """As many vectors as wanted that are spread as real ones are.

    Real model distributions are drawn with replacement and jittered.

    Args:
        distributions: (N, n, h).
        jitter: see `jittered`.

    Returns:
        float32, (rows, n·h).
    """
    rng = np.random.default_rng(seed)
    _, n, h = distributions.shape
    out = np.empty((rows, n * h), dtype=np.float32)
    for start in range(0, rows, 65_536):
        count = min(65_536, rows - start)
        base = distributions[rng.integers(0, len(distributions), count)]
        out[start : start + count] = jittered(base, jitter, rng).reshape(count, n * h)
    return out


def recall_of(index: NeighbourIndex, truth: Sequence[pd.DataFrame], queries: np.ndarray, k: int) -> dict[str, float]:
    """Recall@k against exact answers, and milliseconds per query.

    A neighbour counts as found when its distance is not larger than the true k-th, so that ties do no harm.
    """
    hits, times = [], []
    for query, true in zip(queries, truth, strict=True):
        start = time.perf_counter()
        found = index.search(query, k)
        times.append(time.perf_counter() - start)
        hits.append(float((found["distance"] <= true["distance"].iloc[-1] * (1 + 1e-6)).sum()) / k)
    return {
        "recall": round(float(np.mean(hits)), 5),
        "ms_per_query_median": round(1000 * float(np.median(times)), 3),
        "ms_per_query_p95": round(1000 * float(np.quantile(times, 0.95)), 3),
    }


def measure(
    distributions: np.ndarray,
    rows: int,
    k: int = 4,
    queries: int = 200,
    jitter: float = 0.3,
    probes: Sequence[int] = (1, 4, 16, 64),
    seed: int = 0,
    threads: int = 1,
) -> dict:
    """Exact and approximate search on synthesised vectors: recall, time per query, time to build.

    Args:
        distributions: real ones, (N, n, h).
        rows: how many vectors to synthesise.
        queries: how many further vectors to ask for.
        k: neighbours per query.
        probes: cells that faiss looks into per query, one measurement each.
        threads: of faiss.

    Raises:
        ConfigError: a number too small, or faiss is not installed.
    """
    given = {"neighbours": (k, 1), "vectors": (rows, k + 1), "queries": (queries, 1), "threads": (threads, 1)}
    for what, (found, least) in given.items():
        if found < least:
            raise ConfigError(f"expected at least {least} {what}, found {found}")
    faiss = require_faiss()
    faiss.omp_set_num_threads(threads)
    vectors = synthesise(distributions, rows, jitter, seed)
    asked = synthesise(distributions, queries, jitter, seed + 1)
    exact = ExactIndex(vectors)
    truth = [exact.search(query, k) for query in asked]
    results = [{"index": "exact", "build_s": 0.0} | recall_of(exact, truth, asked, k)]
    start = time.perf_counter()
    index = FaissIndex(vectors, seed=seed)
    built = round(time.perf_counter() - start, 2)
    for count in probes:
        index._index.nprobe = count
        about = {"index": "faiss IVFFlat", "cells": index._index.nlist, "probes": count, "build_s": built}
        results.append(about | recall_of(index, truth, asked, k))
    return {
        "vectors": rows,
        "numbers": vectors.shape[1],
        "queries": queries,
        "k": k,
        "jitter": jitter,
        "seed": seed,
        "threads": faiss.omp_get_max_threads(),
        "cores": os.cpu_count(),
        "machine": platform.processor() or platform.machine(),
        "faiss": faiss.__version__,
        "numpy": np.__version__,
        "results": results,
    }


def distributions_in(folder: Path) -> np.ndarray:
    """The model distributions of all galleries of a checkpoint, (N, n, h). DataError if it has none."""
    tasks = [task.name for task in read_config(folder).network.tasks]
    found = [read_gallery(folder, task).distribution for task in tasks if gallery_path(folder, task).is_file()]
    if not found:
        raise DataError(f"expected galleries in {folder}, found none; `den index {folder}` writes them")
    return np.concatenate(found)
