"""Structures that do not look at the image, at the cost of those that do, and weights that set that cost."""

from __future__ import annotations

import torch
from torch import Tensor

from den_core.inference.network import DeepElasticNetwork
from den_core.seeding import step_generator
from den_core.structures import sample_structures


def tilted_levels(net: DeepElasticNetwork, task: str, mean_macs: float) -> Tensor:
    """Per-block level distributions C_i(l) ∝ exp(-λ MACs_i(l)) whose mean MACs, stem and head included, fit: (n, h).

    Of all distributions with that mean these have the largest entropy. Out of reach means the nearest that there is.
    """
    relative = net.table.relative_macs.double()
    macs = net.table.block_macs_of(task).double()
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
    """What was decided for images of a task, such as structures (N, n), permuted among them, `draws` times.

    The same draws of a task use the same permutations, whatever z is: structures and early answers stay together.
    """
    generators = [step_generator(seed, f"permuted/{task}", i) for i in range(draws)]
    return [z[torch.randperm(len(z), generator=generator)] for generator in generators]
