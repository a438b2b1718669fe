"""Images whose model distributions are nearest to a query's, in every task: the paper's Fig. 3.

Exact search by brute force: at 60 numbers an image, 30,000 images are compared in some milliseconds. Trees
are slower at this dimension, and approximate indexes would now and then name a wrong neighbour.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from den_core.errors import DataError

MAX_BLOCK_DISTANCE = float(np.sqrt(2))
"Largest l2 distance of two distributions over the levels of one block; over n blocks it is √(2n)."


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
    flat = np.asarray(gallery, dtype=np.float32).reshape(len(gallery), -1)
    point = np.asarray(query, dtype=np.float32).reshape(-1)
    if len(flat) and flat.shape[1] != point.size:
        raise DataError(
            f"expected a gallery of distributions with {point.size} numbers, found {flat.shape[1]}; write "
            "the gallery again with `python -m den_core index CHECKPOINT`"
        )
    # A difference first, not |a|² - 2ab + |b|²: near zero the second form loses every digit that matters.
    gap = flat - point
    distance = np.sqrt((gap * gap).sum(axis=1))
    order = np.argsort(distance, kind="stable")
    if exclude is not None:
        order = order[order != exclude]
        distance_of_others = np.delete(distance, exclude)
    else:
        distance_of_others = distance
    rows = order[:k]
    ties = [int((distance_of_others == distance[row]).sum()) for row in rows]
    return pd.DataFrame(
        {"row": rows.astype(np.int64), "distance": distance[rows].astype(np.float64), "ties": ties}
    )


def nearest_per_task(
    query: np.ndarray, galleries: Mapping[str, np.ndarray], k: int = 4, exclude: tuple[str, int] | None = None
) -> pd.DataFrame:
    """The k nearest rows of every task's gallery, as `nearest` returns them, with a column task in front.

    k is taken per task: tasks differ in size, and a common k would show the largest task only.

    Args:
        exclude: (task, row) of the query itself, when it comes from one of the galleries.
    """
    found = []
    for task, gallery in galleries.items():
        own_row = exclude[1] if exclude is not None and exclude[0] == task else None
        part = nearest(query, gallery, k, exclude=own_row)
        part.insert(0, "task", task)
        found.append(part)
    if not found:
        return pd.DataFrame({"task": [], "row": [], "distance": [], "ties": []})
    return pd.concat(found, ignore_index=True)
