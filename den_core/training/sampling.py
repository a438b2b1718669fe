"""Where structures come from while training: Eq. 8, the selector with exploration, and random densities."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from den_core.structures import full_structure, random_structures, sample_structures, weighed


def initial_structures(
    batch: int, num_blocks: int, num_levels: int, tau: float, generator: torch.Generator | None = None
) -> Tensor:
    """Structures drawn from Eq. 8: int64, (batch, num_blocks)."""
    full = torch.rand(batch, generator=generator) < tau
    drawn = random_structures(batch, num_blocks, num_levels, generator)
    return torch.where(full[:, None], full_structure(batch, num_blocks, num_levels), drawn)


def random_density_structures(
    batch: int, num_blocks: int, num_levels: int, generator: torch.Generator | None = None
) -> Tensor:
    """Structures whose mean level itself is uniform: int64, (batch, num_blocks).

    Independent uniform levels almost always average to the middle, so a critic regressed on them never sees a nearly
    full or nearly empty structure. Here every image first draws a density u, and every block then draws its level from
    a binomial with mean u (h - 1).
    """
    density = torch.rand(batch, 1, 1, generator=generator)
    trials = torch.rand(batch, num_blocks, num_levels - 1, generator=generator)
    return (trials < density).sum(-1)


def varied_structures(
    batch: int, num_blocks: int, num_levels: int, generator: torch.Generator | None = None, uniform_share: float = 0.3
) -> Tensor:
    """Structures that leave no density out: int64, (batch, num_blocks).

    `uniform_share` of them run every block at one and the same level between the lowest and the highest; the others
    are of random density. The full model is not among the former: distillation runs it for every image anyway.
    """
    z = random_density_structures(batch, num_blocks, num_levels, generator)
    level = torch.randint(1, max(2, num_levels - 1), (batch, 1), generator=generator)
    uniform = torch.rand(batch, generator=generator) < uniform_share
    return torch.where(uniform[:, None], level.expand(-1, num_blocks), z)


FIRST_STRUCTURES: dict[str, Callable[[int, int, int, float, torch.Generator | None], Tensor]] = {
    "eq8": initial_structures,
    "densities": lambda batch, num_blocks, num_levels, tau, generator: varied_structures(
        batch, num_blocks, num_levels, generator
    ),
}
"Structures that need no selector, by name: (batch, num_blocks, num_levels, tau, generator) -> (batch, num_blocks)."


def explored(log_C: Tensor, floor: float) -> Tensor:
    """log of (1 - floor) · C + floor / h: the distribution with every level kept alive; (B, n, h)."""
    if floor == 0:
        return log_C
    return torch.logaddexp(
        log_C + torch.log1p(torch.tensor(-floor)),
        torch.full_like(log_C, floor / log_C.shape[-1]).log(),
    )


def epsilon_greedy(C: Tensor, samples: int, epsilon: float, generator: torch.Generator | None = None) -> Tensor:
    """Structures from C, or with probability ε from all structures uniformly: int64, (B, samples, n)."""
    B, n, h = C.shape
    z = sample_structures(C, samples, generator)
    explore = torch.rand(B, samples, generator=generator) < epsilon
    uniform = torch.randint(h, (B, samples, n), generator=generator)
    return torch.where(explore[..., None], uniform, z)


def dialled(
    C: Tensor, relative_macs: Tensor, weight: float, share: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """C as the choice weighs it at a cost weight, a random one of its own for every image: (B, n, h).

    Args:
        C: level distributions, (B, n, h).
        relative_macs: of every level, (n, h).
        weight: the largest cost weight; weights are uniform from 0.
        share: of the images; the others keep their C.
    """
    drawn = torch.rand(2, len(C), 1, 1, generator=generator)
    weights = weight * drawn[0] * (drawn[1] < share)
    return weighed(C, relative_macs, weights).softmax(-1)


def most_probable(C: Tensor) -> Tensor:
    """All probability on every block's most probable level, as inference takes it: (B, n, h) -> the same."""
    return torch.zeros_like(C).scatter_(-1, C.argmax(-1, keepdim=True), 1.0)


def turn_structures(
    C: Tensor, full_share: float, uniform_share: float, generator: torch.Generator | None = None
) -> Tensor:
    """Structures for the estimator's later turns, one per image: drawn from C but for the two shares; (B, n)."""
    B, n, h = C.shape
    z = sample_structures(C, 1, generator)[:, 0]
    u = torch.rand(B, generator=generator)[:, None]
    z = torch.where(u < full_share, full_structure(B, n, h), z)
    uniform = (u >= full_share) & (u < full_share + uniform_share)
    return torch.where(uniform, random_structures(B, n, h, generator), z)
