"""The Pareto front of accuracy, or of one image's probability, against cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pareto_front(macs: Sequence[float] | np.ndarray, gain: Sequence[float] | np.ndarray) -> np.ndarray:
    """Which points no other point beats: none has at least their gain at fewer MACs, or more at as many.

    Args:
        macs, gain: what every point costs, and what it brings in any unit, (N,) each.

    Returns:
        bool, (N,). Of equal points all or none are on the front.
    """
    cost, brought = np.asarray(macs, dtype=np.float64), np.asarray(gain, dtype=np.float64)
    order = np.lexsort((-brought, cost))
    on_front = np.zeros(len(cost), dtype=bool)
    best = -np.inf
    for place in order:
        if brought[place] > best:
            best = brought[place]
            last = cost[place]
            on_front[place] = True
        elif brought[place] == best and cost[place] == last:
            on_front[place] = True
    return on_front
