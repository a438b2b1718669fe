"""What a structure costs: multiply–accumulates (MACs) and parameters, per block and level, per task, and in total.

Counted: convolutions and linear layers (MACs and weights) and the affine weights of norms (parameters only).
Not counted as MACs: norms, activations, pooling and additions. FLOPs are 2 × MACs and appear only where people read
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from den_core.costs import in_full_blocks, over_blocks
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector


@dataclass(frozen=True)
class Cost:
    """Cost of B structures, int64 (B,) each. The totals add the selector, which every choice needs.

    Of an early answer the selector is all there is: macs and params are 0.
    """

    macs: Tensor
    params: Tensor
    total_macs: Tensor
    total_params: Tensor


@dataclass(frozen=True)
class CostTable:
    """Costs of one image, from which every structure's cost is a sum.

    Args:
        block_macs, block_params: of block i at level l, int64 (n, h); MACs where maps have the side that all sides are
            multiples of.
        task_macs, task_params: of a task's stem and head together.
        selector_macs, selector_params: of the selector for a task; its critic only where inference runs it.
        areas: how many times as many pixels a task's maps have as those that `block_macs` are of.
    """

    block_macs: Tensor
    block_params: Tensor
    task_macs: dict[str, int]
    task_params: dict[str, int]
    selector_macs: dict[str, int]
    selector_params: dict[str, int]
    areas: dict[str, int]

    def block_macs_of(self, task: str) -> Tensor:
        """Of block i at level l for an image of a task, int64 (n, h)."""
        return self.block_macs * self.areas[task]

    @property
    def usage(self) -> Tensor:
        """d_i(l) of Eq. 5: parameters of block i used at level l ÷ all of block i; float (n, h), in [0, 1]."""
        return self.block_params / self.block_params[:, -1:]

    @property
    def relative_macs(self) -> Tensor:
        """Of `costs.in_full_blocks`, float64 (n, h); a full structure sums to n."""
        return torch.from_numpy(in_full_blocks(self.block_macs.numpy()))

    def cost(self, z: Tensor, task: str, early: Tensor | None = None) -> Cost:
        """Cost of structures z, (B, n), for a task; where `early`, bool (B,), the estimator does not run."""
        macs = _over_blocks(self.block_macs_of(task), z) + self.task_macs[task]
        params = _over_blocks(self.block_params, z) + self.task_params[task]
        if early is not None:
            macs, params = (cost.masked_fill(early.cpu(), 0) for cost in (macs, params))
        return Cost(macs, params, macs + self.selector_macs[task], params + self.selector_params[task])


def _over_blocks(table: Tensor, z: Tensor) -> Tensor:
    return torch.from_numpy(over_blocks(table.numpy(), z.cpu().numpy()))


def cost_table(estimator: Estimator, selector: Selector) -> CostTable:
    """Count both networks."""
    counts, side = [], estimator.map_side
    for block in estimator.blocks:
        counts.append([block.count(level, side) for level in range(block.num_levels)])
        side = block.side(side)
    table = torch.from_numpy(np.asarray(counts, dtype=np.int64))
    ends = {
        task: [a + b for a, b in zip(estimator.stems[shown].count(), estimator.heads[task].count(), strict=True)]
        for task, shown in estimator.image_tasks.items()
    }
    chooser = {task: selector.count(task) for task in estimator.image_tasks}
    return CostTable(
        block_macs=table[..., 0],
        block_params=table[..., 1],
        task_macs={task: counts[0] for task, counts in ends.items()},
        task_params={task: counts[1] for task, counts in ends.items()},
        selector_macs={task: counts[0] for task, counts in chooser.items()},
        selector_params={task: counts[1] for task, counts in chooser.items()},
        areas={
            task: (estimator.stems[shown].side // estimator.map_side) ** 2
            for task, shown in estimator.image_tasks.items()
        },
    )
