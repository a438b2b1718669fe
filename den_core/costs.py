"""What structures cost: the sums over blocks, and the MACs of one task from the few numbers that a gallery carries.

Without torch; `den_core.models.accounting` counts networks and holds what it counted as tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def over_blocks(table: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Sum over the blocks of what each of them costs at its level: (n, h) at levels (N, n) -> (N,)."""
    return table[np.arange(levels.shape[1]), levels].sum(axis=1)


def in_full_blocks(block_macs: np.ndarray) -> np.ndarray:
    """MACs of block i at level l ÷ a full block's mean MACs, float64 (n, h): the unit of the cost weight."""
    return block_macs / block_macs[:, -1].mean()


@dataclass(frozen=True)
class CostModel:
    """MACs of one task, from which every structure's are a sum.

    Args:
        block_macs: of block i at level l, int64 (n, h), rising along h.
        task_macs: of stem and head together.
        selector_macs: of the selector.
    """

    block_macs: np.ndarray
    task_macs: int
    selector_macs: int

    def macs(self, levels: np.ndarray, with_selector: bool = True, early: np.ndarray | None = None) -> np.ndarray:
        """MACs of structures given as levels, (N, n) -> int64 (N,); where `early`, bool (N,), no estimator runs."""
        macs = over_blocks(self.block_macs, levels) + self.task_macs
        macs = macs if early is None else np.where(early, 0, macs)
        return macs + (self.selector_macs if with_selector else 0)

    @property
    def relative_macs(self) -> np.ndarray:
        """Of `in_full_blocks`, float64 (n, h)."""
        return in_full_blocks(self.block_macs)
