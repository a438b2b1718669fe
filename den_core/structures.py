"""Structures: which level every block runs at, for every image.

A structure z is an int64 tensor (B, n): B images, n blocks, values 0 … h-1 with h levels. As text: `structure_keys`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from den_core.errors import StructureError
from den_core.structure_keys import structure_levels


def uniform_structure(batch: int, num_blocks: int, level: int) -> Tensor:
    """The structure that runs every block at one level: int64, (batch, num_blocks)."""
    return torch.full((batch, num_blocks), level, dtype=torch.int64)


def full_structure(batch: int, num_blocks: int, num_levels: int) -> Tensor:
    """The full model z = (h-1, …, h-1): int64, (batch, num_blocks)."""
    return uniform_structure(batch, num_blocks, num_levels - 1)


def random_structures(batch: int, num_blocks: int, num_levels: int, generator: torch.Generator | None = None) -> Tensor:
    """Structures drawn uniformly from all h^n: int64, (batch, num_blocks)."""
    return torch.randint(num_levels, (batch, num_blocks), generator=generator)


def sample_structures(probabilities: Tensor, samples: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw structures from per-block distributions (Eq. 3).

    Args:
        probabilities: (B, n, h), non-negative, last axis sums to 1.
        samples: structures per image.

    Returns:
        int64, (B, samples, n).
    """
    B, n, h = probabilities.shape
    draws = torch.multinomial(probabilities.reshape(B * n, h), samples, replacement=True, generator=generator)
    return draws.reshape(B, n, samples).transpose(1, 2).contiguous()


def weighed(C: Tensor, relative_macs: Tensor, cost_weight: float | Tensor) -> Tensor:
    """log C - cost_weight · relative MACs, of which the dial takes every block's largest: (B, n, h).

    `analysis.cost_weight.choose_levels` is the same rule without torch.

    Args:
        C: level distributions, (B, n, h).
        relative_macs: of `costs.in_full_blocks`, (n, h).
        cost_weight: nats per full block's MACs; one for all images, or (B, 1, 1).
    """
    return C.clamp_min(torch.finfo(C.dtype).tiny).log() - cost_weight * relative_macs.to(C)


def check_structure(z: Tensor, num_blocks: int, num_levels: int) -> None:
    """Raise StructureError unless z is int64 (B, num_blocks) with levels 0 … num_levels-1."""
    if z.dim() != 2 or z.shape[1] != num_blocks:
        raise StructureError(
            f"expected a structure of shape (images, {num_blocks}), found {tuple(z.shape)}; "
            "give one level per block for every image"
        )
    if z.dtype != torch.int64:
        raise StructureError(f"expected an int64 structure, found {z.dtype}; convert it with .long()")
    if z.numel() and (int(z.min()) < 0 or int(z.max()) >= num_levels):
        wrong = ((z < 0) | (z >= num_levels)).nonzero()[0]
        raise StructureError(
            f"expected levels 0 to {num_levels - 1}, found {int(z[wrong[0], wrong[1]])} "
            f"in block {int(wrong[1])} of image {int(wrong[0])}"
        )


def parse_structure(key: str, num_blocks: int, num_levels: int) -> Tensor:
    """The structure that a text names (see `structure_keys`): int64, (1, num_blocks).

    Raises:
        StructureError: a character that is no digit, a wrong length, or a level out of range.
    """
    return torch.from_numpy(structure_levels([key], num_blocks, num_levels)).long()


def count_distinct(z: Tensor) -> int:
    """How many different structures occur among the rows of z, (B, n)."""
    return int(torch.unique(z, dim=0).shape[0])
