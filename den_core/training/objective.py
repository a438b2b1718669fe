"""Eq. 3 to 7 as pure functions, and the control variates that lower Eq. 7's variance.

Letters: B images, S = |Z| structures per image, n blocks, h levels. R(z) = L + S(z) is an objective: lower is better.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from den_core.errors import StructureError


def usage_of(z: Tensor, usage: Tensor) -> Tensor:
    """(1/n) Σ_i d_i(z_i) of Eq. 5: mean share of the parameters in use, in [0, 1].

    Args:
        z: int64, (..., n), levels 0 … h-1.
        usage: d_i(l), (n, h), in [0, 1].

    Returns:
        (...).

    Raises:
        StructureError: a different n, or a level out of range.
    """
    n, h = usage.shape
    if z.shape[-1] != n:
        raise StructureError(f"expected structures of {n} blocks, found {z.shape[-1]}")
    if z.numel() and (z.min() < 0 or z.max() >= h):
        raise StructureError(f"expected levels 0 to {h - 1}, found {int(z.min())} to {int(z.max())}")
    return usage.to(z.device)[torch.arange(n, device=z.device), z].mean(-1)


def sparsity_penalty(z: Tensor, usage: Tensor, rho: float) -> Tensor:
    """S(z) = ρ · (mean usage)², per image (Eq. 5): (...,), in [0, ρ], without gradient.

    The authors' code takes the mean over the batch before the square, which weakens the push by the batch size, and
    divides by its rho; ours follows the paper, so that ρ does not carry over from their code.
    """
    return rho * usage_of(z, usage).square()


def expected_sparsity_penalty(C: Tensor, usage: Tensor, rho: float) -> Tensor:
    """E[S(z)] for z drawn from C, in closed form: (B,).

    Blocks are independent given the image, so E[m²] = (E m)² + Σ_i Var(d_i) / n² with m the mean usage.
    """
    n = usage.shape[0]
    usage = usage.to(C)
    mean = (C * usage).sum(-1)
    variance = (C * usage.square()).sum(-1) - mean.square()
    return rho * (mean.mean(-1).square() + variance.sum(-1) / n**2)


def log_probability(log_C: Tensor, z: Tensor) -> Tensor:
    """log P(z; x) = Σ_i log C_i(z_i; x) (Eq. 3).

    A sum of logarithms: the product of 15 or 20 probabilities would underflow and take the gradient with it.

    Args:
        log_C: (B, n, h).
        z: int64, (B, S, n).

    Returns:
        (B, S), <= 0.
    """
    expanded = log_C[:, None].expand(-1, z.shape[1], -1, -1)
    return expanded.gather(-1, z[..., None]).squeeze(-1).sum(-1)


def reinforce_loss(
    log_prob: Tensor, objective: Tensor, control: Tensor | float = 0.0, weight: Tensor | float = 1.0
) -> Tensor:
    """A scalar whose gradient is Eq. 7's estimate: mean over images and samples of (R - control) ∇ log P.

    Args:
        log_prob: log P(z; x), (B, S), with gradient.
        objective: R(z), (B, S).
        control: what is subtracted from R(z), (B, S) or broadcastable.
        weight: importance weight of samples that were not drawn from P, see `importance_weight`.
    """
    return ((objective - control).detach() * weight * log_prob).mean()


def leave_one_out(objective: Tensor) -> Tensor:
    """For every sample, the mean objective of the image's other samples: (B, S) -> (B, S), S >= 2.

    It does not depend on the sample itself, so that the expected gradient stays as it is.
    """
    S = objective.shape[1]
    return (objective.sum(1, keepdim=True) - objective) / (S - 1)


def importance_weight(log_prob: Tensor, num_levels: int, num_blocks: int, epsilon: float) -> Tensor:
    """P(z) / ((1-ε) P(z) + ε / h^n) for ε-greedy samples: (B, S), at most 1 / (1-ε).

    ε-greedy draws from a mixture; weighting by this keeps Eq. 7's gradient the selector's own. At ε = 1 it is
    P(z) h^n, which is unbounded; the caller decays ε below 1 after the first step.
    """
    if epsilon == 0:
        return torch.ones_like(log_prob)
    log_p = log_prob.detach().double()
    log_uniform = torch.full_like(log_p, math.log(epsilon) - num_blocks * math.log(num_levels))
    log_mix = torch.logaddexp(log_p + (math.log1p(-epsilon) if epsilon < 1 else -math.inf), log_uniform)
    return (log_p - log_mix).exp().to(log_prob.dtype)


def additive_value(q: Tensor, bias: Tensor, z: Tensor) -> Tensor:
    """Q(x, z) = b(x) + Σ_i q_i(z_i; x), nats: q (B, n, h), bias (B,), z (B, S, n) -> (B, S)."""
    return bias[:, None] + log_probability(q, z)


def expected_additive_value(C: Tensor, q: Tensor, bias: Tensor) -> Tensor:
    """E_P[Q] in closed form: b(x) + Σ_i Σ_l C_i(l) q_i(l); (B,).

    With it the additive critic is a control variate whose gradient is known exactly:
    ∇J = E[(R - Q) ∇ log P] + ∇ E_P[Q], for any Q.
    """
    return bias + (C * q).sum((-1, -2))


def entropy(log_C: Tensor) -> Tensor:
    """Entropy of P(z; x): Σ_i of the blocks' entropies, nats, in [0, n log h]: (B, n, h) -> (B,)."""
    return -(log_C.exp() * log_C).sum((-1, -2))
