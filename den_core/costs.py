"""What structures cost, in MACs, from the few numbers that a gallery carries: without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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

    def macs(self, levels: np.ndarray, with_selector: bool = True) -> np.ndarray:
        """MACs of structures given as levels, (N, n) -> int64 (N,)."""
        blocks = self.block_macs[np.arange(levels.shape[1]), levels].sum(axis=1)
        return blocks + self.task_macs + (self.selector_macs if with_selector else 0)

    @property
    def relative_macs(self) -> np.ndarray:
        """MACs of block i at level l ÷ a full block's mean MACs, float64 (n, h): the unit of the cost weight."""
        return self.block_macs / self.block_macs[:, -1].mean()
