"""The Pareto front of accuracy, or of one image's probability, against cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pareto_front(macs: Sequence[float], gain: Sequence[float]) -> np.ndarray:
    """Which points no other point beats: none has at least their gain at fewer MACs, or more at as many.

    Args:
        macs, gain: what every point costs, and what it brings in any unit, (N,) each.

    Returns:
        bool, (N,). Of equal points all or none are on the front.
    """
    cost, gain = np.asarray(macs, dtype=np.float64), np.asarray(gain, dtype=np.float64)
    order = np.lexsort((-gain, cost))
    on_front = np.zeros(len(cost), dtype=bool)
    best = -np.inf
    for place in order:
        if gain[place] > best:
            best = gain[place]
            last = cost[place]
            on_front[place] = True
        elif gain[place] == best and cost[place] == last:
            on_front[place] = True
    return on_front
