"""How a batch of images with structures of their own runs: sorted by level before every block, then level by level.

The images of one level lie next to each other, so that a level's convolutions take a slice and not a copy. Between two
blocks the batch is re-ordered once, by one gather, and not at all where the order already fits; it is put back at the
end. All orders come from one copy of the structures to the host: no block waits for the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class BlockPlan:
    """How one block runs.

    Args:
        reorder: gather that sorts the current batch by this block's levels, int64 (B,); None where it is sorted.
        counts: images at every level, low to high; they sum to B.
    """

    reorder: Tensor | None
    counts: list[int]


@dataclass(frozen=True)
class DispatchPlan:
    """How a batch runs: a plan per block, and the gather that restores the first order (None: nothing to restore)."""

    blocks: list[BlockPlan]
    restore: Tensor | None


def plan_dispatch(z: Tensor, num_levels: int) -> DispatchPlan:
    """Plan structures z, int64 (B, n). Stable sorts keep images that agree together, so that little moves.

    In numpy, whose calls cost a fraction of torch's: a plan for one image must not take longer than its layers.
    """
    host = z.cpu().numpy()
    if (host == host[:1]).all():
        own = host[0] if len(host) else np.zeros(host.shape[1])
        counts = [[len(host) * (level == chosen) for level in range(num_levels)] for chosen in own]
        return DispatchPlan([BlockPlan(None, images) for images in counts], None)
    current = np.arange(len(host))
    blocks, moved = [], False
    for levels in host.T:
        levels = levels[current]
        counts = np.bincount(levels, minlength=num_levels).tolist()
        if (levels[1:] >= levels[:-1]).all():
            blocks.append(BlockPlan(None, counts))
            continue
        order, moved = levels.argsort(kind="stable"), True
        current = current[order]
        blocks.append(BlockPlan(torch.from_numpy(order).to(z.device), counts))
    return DispatchPlan(blocks, torch.from_numpy(current.argsort()).to(z.device) if moved else None)


class _PermuteRows(torch.autograd.Function):
    """rows[order] for a permutation; its gradient is a gather too, where index_select's is a slow scatter-add."""

    @staticmethod
    def forward(ctx, rows: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        return rows.index_select(0, order)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (order,) = ctx.saved_tensors
        return grad.contiguous().index_select(0, order.argsort()), None


def reorder_images(x: Tensor, order: Tensor | None) -> Tensor:
    """x[order] for a permutation of the images, channels last: (B, C, H, W); x itself for None.

    Images are moved as rows of memory: indexing the 4-d tensor itself returns another layout, or is up to a hundred
    times slower on a CPU in bfloat16.
    """
    if order is None:
        return x
    B, C, H, W = x.shape
    rows = x.permute(0, 2, 3, 1).contiguous().view(B, -1)
    moved = _PermuteRows.apply(rows, order) if rows.requires_grad else rows.index_select(0, order)
    return moved.view(B, H, W, C).permute(0, 3, 1, 2)
