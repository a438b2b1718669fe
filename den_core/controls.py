"""Structures that do not look at the image, at the cost of those that do, and weights that set that cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from den_core.inference.network import DeepElasticNetwork
from den_core.measuring import EvaluationSet
from den_core.seeding import step_generator
from den_core.structures import sample_structures


def tilted_levels(net: DeepElasticNetwork, task: str, mean_macs: float) -> Tensor:
    """Per-block level distributions C_i(l) ∝ exp(-λ MACs_i(l)) whose mean MACs, stem and head included, fit: (n, h).

    Of all distributions with that mean these have the largest entropy. Out of reach means the nearest that there is.
    """
    relative = net.table.relative_macs.double()
    macs = net.table.block_macs.double()
    low, high = -200.0, 200.0
    for _ in range(100):
        middle = (low + high) / 2
        C = (-middle * relative).softmax(-1)
        if float((C * macs).sum()) + net.table.task_macs[task] > mean_macs:
            low = middle
        else:
            high = middle
    return (-high * relative).softmax(-1).float()


def random_draws(
    net: DeepElasticNetwork, task: str, mean_macs: float, images: int, draws: int, seed: int
) -> list[Tensor]:
    """Every image a structure at random, `draws` times: levels weighted so that the mean MACs fit, (images, n) each."""
    C = tilted_levels(net, task, mean_macs).expand(images, -1, -1)
    return [sample_structures(C, 1, step_generator(seed, f"random/{task}", i))[:, 0] for i in range(draws)]


def permutations(z: Tensor, task: str, draws: int, seed: int) -> list[Tensor]:
    """The structures z, (N, n), dealt out again among the images of a task, `draws` times.

    The same draws of a task use the same permutations, whatever z is.
    """
    generators = [step_generator(seed, f"permuted/{task}", i) for i in range(draws)]
    return [z[torch.randperm(len(z), generator=generator)] for generator in generators]


def weight_for_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], mean_macs: float) -> float:
    """The cost weight at which the mean over tasks of the total MACs comes nearest to a goal from below."""
    low, high = -500.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        if mean_total_macs(net, data, middle) > mean_macs:
            low = middle
        else:
            high = middle
    return high


def mean_total_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], cost_weight: float) -> float:
    """Mean over tasks of the MACs per image, selector included, at a cost weight."""
    means = [
        float(net.cost(net.choose(d.distribution, cost_weight), name).total_macs.double().mean())
        for name, d in data.items()
    ]
    return float(np.mean(means))


def weights_for_shares(net: DeepElasticNetwork, data: dict[str, EvaluationSet], shares: Sequence[float]) -> list[float]:
    """The cost weights, rising, at which the mean total MACs come to shares of the full model's.

    A share below what the cheapest or above what the dearest structures need has none.
    """
    full = float(np.mean([float(net.full_cost(name).macs[0]) for name in data]))
    found = [(share * full, weight_for_macs(net, data, share * full)) for share in shares]
    weights = [weight for goal, weight in found if abs(mean_total_macs(net, data, weight) / goal - 1) < 0.1]
    return sorted({round(weight, 6) for weight in weights})
