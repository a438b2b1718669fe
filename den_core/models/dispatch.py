"""How a batch of images with structures of their own runs: neighbours that agree on a block's level go together.

Such a run of images is a slice and not a copy. Where the images of a level lie apart, one gather sorts the batch, first
by this block's levels and among equals by those of the blocks that follow; at the end it is put back. All orders come
from one copy of the structures to the host: no block waits for the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Runs = list[tuple[int, int]]
"Levels and how many images in a row have them, first to last."


@dataclass(frozen=True)
class BlockPlan:
    """How one block runs.

    Args:
        reorder: gather that sorts the current batch for this block, int64 (B,); None where it stays as it is.
        runs: the levels in that order; their images sum to B.
    """

    reorder: Tensor | None
    runs: Runs


@dataclass(frozen=True)
class DispatchPlan:
    """How a batch runs: a plan per block, and the gather that restores the first order (None: nothing to restore)."""

    blocks: list[BlockPlan]
    restore: Tensor | None


def plan_dispatch(z: Tensor) -> DispatchPlan:
    """Plan structures z, int64 (B, n): in every block each level is one run.

    In numpy, whose calls cost a fraction of torch's: a plan for one image must not take longer than its layers.
    """
    host = z.cpu().numpy()
    if (host == host[:1]).all():
        own = host[0].tolist() if len(host) else [0] * host.shape[1]
        return DispatchPlan([BlockPlan(None, [(level, len(host))]) for level in own], None)
    current = np.arange(len(host))
    blocks: list[BlockPlan] = []
    for i in range(host.shape[1]):
        runs, reorder = runs_of(host[current, i]), None
        if len(runs) > len({level for level, _ in runs}):
            order = np.lexsort(host[current, i:].T[::-1])
            current, reorder = current[order], torch.from_numpy(order).to(z.device)
            runs = runs_of(host[current, i])
        blocks.append(BlockPlan(reorder, runs))
    moved = any(block.reorder is not None for block in blocks)
    return DispatchPlan(blocks, torch.from_numpy(current.argsort()).to(z.device) if moved else None)


def runs_of(levels: np.ndarray) -> Runs:
    """The runs of levels, int64 (B,) with B >= 1."""
    starts = np.flatnonzero(np.diff(levels, prepend=-1))
    return list(zip(levels[starts].tolist(), np.diff(starts, append=len(levels)).tolist(), strict=True))


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
