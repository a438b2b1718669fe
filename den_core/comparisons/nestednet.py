"""NestedNet (Kim, Ahn, Oh; CVPR 2018): sub-networks inside each other, and no choice per image.

Kept: prefixes of channels as nested levels, trained jointly; task i runs level i and nothing else. With one task, the
levels L, M, H of one network, every image of a step at one of them. Left out: the weights' learnt importance by which
the original sorts and prunes before it nests, as all methods here have the same prefixes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from den_core.comparisons.method import Method, Training, at_levels, one
from den_core.config import NetworkConfig, Recipe
from den_core.data.arrays import open_task
from den_core.inference.network import DeepElasticNetwork
from den_core.models.registry import find_backbone
from den_core.policy import Policy
from den_core.recipes.baseline import always_full
from den_core.structures import uniform_structure
from den_core.training.openings import Openings


def useful_levels(network: NetworkConfig) -> list[int]:
    """Levels at which blocks have channels, rising."""
    return [level for level, share in enumerate(network.backbone.level_fractions) if share > 0]


def levels_of_tasks(network: NetworkConfig) -> dict[str, int]:
    """A level for every task, the more training images the lower, the last one in full: as the paper's M1 has it."""
    levels = useful_levels(network)
    counts = {task.name: len(open_task(task, "train")) for task in network.tasks}
    order = sorted(counts, key=lambda name: -counts[name])
    return dict(zip(order, levels[len(levels) - len(order) :], strict=True))


def too_many_tasks(recipe: Recipe) -> str:
    """What is missing where there are more tasks than levels that could be theirs."""
    tasks, levels = len(recipe.network.tasks), len(useful_levels(recipe.network))
    return "" if tasks <= levels else f"at most {levels} tasks, one for every level with channels, found {tasks}"


def first_structures(levels: Mapping[str, int], num_blocks: int):
    """Every image of a task at its level."""

    def structures(task: str, images: int, generator: torch.Generator) -> torch.Tensor:
        return uniform_structure(images, num_blocks, levels[task])

    return structures


def openings(training: Training) -> Openings:
    """Every task at its own level; a task alone at all of them."""
    network = training.recipe.network
    n, levels = find_backbone(network.backbone.name).num_blocks, useful_levels(network)
    if len(network.tasks) > 1:
        return Openings(first_structures=first_structures(levels_of_tasks(network), n))

    def any_level(task: str, images: int, generator: torch.Generator) -> torch.Tensor:
        drawn = torch.randint(len(levels), (images, 1), generator=generator)
        return torch.tensor(levels)[drawn].expand(-1, n)

    return Openings(first_structures=any_level)


def policy(net: DeepElasticNetwork) -> Policy:
    """Every task at its level; a task alone in full."""
    return at_levels(levels_of_tasks(net.config), net.num_blocks)


NESTEDNET = Method(
    title="NestedNet",
    source="Kim et al., CVPR 2018",
    recipes=one("nestednet", always_full),
    policy=policy,
    openings=openings,
    cannot=too_many_tasks,
    rate=0.5,
)
