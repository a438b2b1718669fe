"""Channel pruning of a trained network, with fine-tuning ([14] of the paper), by Torch-Pruning's importance.

Kept: a network that is trained in full; channels inside its blocks ranked by the norm of all weights that depend on
them; the least important go, wherever they are, until the MACs are what the deep elastic network has; what is left is
fine-tuned, also from the answers of the network that it was. Half of the image runs go into either. Simplified:
channels go in tenths of a block, which is a static structure of an elastic network with ten levels whose channels are
sorted by their importance.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn

from den_core.comparisons.method import Method, Training, one
from den_core.config import NetworkConfig, Recipe
from den_core.errors import ConfigError
from den_core.inference.network import DeepElasticNetwork
from den_core.models.accounting import CostTable, cost_table
from den_core.models.chain import ElasticChain
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.sorting import sort_channels
from den_core.models.static import StaticEstimator
from den_core.policy import Policy
from den_core.recipes.baseline import always_full
from den_core.structure_keys import structure_key
from den_core.structures import full_structure
from den_core.training.openings import Openings
from den_core.training.schedule import Turn

LEVELS = 10
"Into how many parts the channels of a block are cut; structures have one digit per block."


def chains(estimator: Estimator) -> list[ElasticChain]:
    """The blocks of an estimator, which all families make chains."""
    return [block for block in estimator.blocks if isinstance(block, ElasticChain)]


def plain_chain(chain: ElasticChain) -> nn.Sequential:
    """A chain in full as torch's own modules: norm, activation, pooling and convolution for each layer."""
    parts: list[nn.Module] = []
    for i, layer in enumerate(chain.layers):
        before, after = chain.ends(i, chain.num_levels - 1)
        if (found := chain.norm(i)) is not None:
            norm = nn.BatchNorm2d(before)
            with torch.no_grad():  # statistics have no part in the importance
                norm.weight.copy_(found.weight), norm.bias.copy_(found.bias)
            parts += [norm, nn.ReLU(), nn.MaxPool2d(layer.pool)] if layer.pool > 1 else [norm, nn.ReLU()]
        conv = nn.Conv2d(before, after, layer.kernel, layer.stride, layer.padding, bias=False)
        conv.load_state_dict({"weight": chain.conv(i).weight})
        parts.append(conv)
    return nn.Sequential(*parts)


def importances(chain: ElasticChain, side: int) -> list[Tensor]:
    """Of the channels after every layer but the last, mean 1: the norms of all weights that go with a channel.

    Args:
        side: pixels along the side of the chain's input.

    Raises:
        ConfigError: Torch-Pruning is not installed.
    """
    try:
        import torch_pruning
    except ImportError as error:
        raise ConfigError(
            f"expected the package {error.name} for channel pruning, found none; pip install "
            '"deep-elastic-networks[pruning]"'
        ) from error
    plain = plain_chain(chain)
    graph = torch_pruning.DependencyGraph().build_dependency(plain, torch.zeros(1, chain.in_channels, side, side))
    judge = torch_pruning.importance.GroupMagnitudeImportance(p=2, normalizer="mean")
    found = []
    for conv in [part for part in plain if isinstance(part, nn.Conv2d)][:-1]:
        group = graph.get_pruning_group(conv, torch_pruning.prune_conv_out_channels, list(range(conv.out_channels)))
        found.append(judge(group).detach())
    return found


def levels_within(scores: list[list[float]], table: CostTable, task: str, goal: float) -> Tensor:
    """Levels of all blocks, (n,), that cost as near to a goal as can be, where the least important channels went first.

    Args:
        scores: by block, of the channels that every level but the lowest adds.
        goal: MACs of an image of the task, stem and head included.
    """
    n, h = table.block_macs.shape
    z = torch.full((n,), h - 1)
    tried = [z.clone()]
    while (z > 0).any():
        weakest = min((i for i in range(n) if z[i] > 0), key=lambda i: scores[i][int(z[i]) - 1])
        z[weakest] -= 1
        tried.append(z.clone())
    costs = table.cost(torch.stack(tried), task).macs
    return tried[int((costs - goal).abs().argmin())]


def prune(estimator: Estimator, network: NetworkConfig, share: float) -> None:
    """Sort the channels of all blocks by importance and set those to zero that a share of the full MACs leaves out."""
    table, side = cost_table(estimator, Selector(network)), estimator.map_side
    scores: list[list[float]] = []
    for chain in chains(estimator):
        found = importances(chain, side)
        orders = [values.argsort(descending=True) for values in found]
        sort_channels(chain, dict(enumerate(orders)))
        scores.append([
            sum(
                float(values[order][widths[level - 1] : widths[level]].mean())
                for values, order, widths in zip(found, orders, chain.inner, strict=True)
            )
            for level in range(1, chain.num_levels)
        ])  # fmt: skip
        side = chain.side(side)
    task = network.tasks[0].name
    full = int(table.cost(full_structure(1, *table.block_macs.shape), task).macs)
    kept = levels_within(scores, table, task, share * full)
    for chain, level in zip(chains(estimator), kept.tolist(), strict=True):
        with torch.no_grad():
            for i, widths in enumerate(chain.inner):
                norm = chain.norm(i + 1)
                assert norm is not None  # as above
                chain.conv(i).weight[widths[level] :] = 0
                chain.conv(i + 1).weight[:, widths[level] :] = 0
                for values in (norm.running_mean, norm.running_var):
                    values.copy_(values[-1:].expand_as(values))


def kept_levels(estimator: Estimator) -> Tensor:
    """The levels that pruning left, (n,): what is zero was pruned, and no step makes it anything else."""
    found = []
    for chain in chains(estimator):
        kept = int(chain.conv(0).weight.flatten(1).abs().sum(1).count_nonzero())
        found.append(next(level for level, width in enumerate(chain.inner[0]) if width >= kept))
    return torch.tensor(found)


def openings(training: Training) -> Openings:
    """Begin with what is left of the teacher, and learn from labels and from its answers."""
    teacher = training.teacher
    if teacher is None:
        return Openings()  # of the teacher itself
    whole = StaticEstimator(teacher.estimator)
    left = torch.zeros(teacher.num_blocks, dtype=torch.int64)

    def begin(estimator: Estimator, turn: Turn, fresh: bool) -> Callable[[], None]:
        if fresh:
            pruned = copy.deepcopy(teacher.estimator)
            prune(pruned, training.recipe.network, training.share)
            estimator.load_state_dict(pruned.state_dict())
        whole.to(next(estimator.parameters()).device)
        left.copy_(kept_levels(estimator))
        return lambda: None

    def structures(task: str, images: int, generator: torch.Generator) -> Tensor:
        return left.expand(images, -1)

    def answers(images: dict[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for task, shown in whole.image_tasks.items():
            if shown in images:
                x = images[shown]
                z = full_structure(len(x), teacher.num_blocks, teacher.num_levels).to(x.device)
                found[task] = whole(x, z, task)
        return found

    return Openings(begin=begin, first_structures=structures, teacher=answers)


def pruned(base: Recipe) -> Recipe:
    """Half of the image runs, in full; those of the network before it is pruned are as many."""
    made = always_full(base)
    estimator = dataclasses.replace(made.training.estimator, first_steps=made.training.estimator.first_steps // 2)
    fractions = tuple((level + 1) / LEVELS for level in range(LEVELS))
    backbone = dataclasses.replace(made.network.backbone, level_fractions=fractions)
    network = dataclasses.replace(made.network, backbone=backbone)
    return dataclasses.replace(made, network=network, training=dataclasses.replace(made.training, estimator=estimator))


def policy(net: DeepElasticNetwork) -> Policy:
    """What is left, for every image."""
    return Policy(static=dict.fromkeys(net.tasks, structure_key(kept_levels(net.estimator))), looks=False)


def cannot(recipe: Recipe) -> str:
    """What is missing where channels cannot be cut into so many parts, or are grouped."""
    name = recipe.network.backbone.name
    with torch.device("meta"):
        if any(layer.group for chain in chains(Estimator(recipe.network)) for layer in chain.layers):
            return f"convolutions without groups, found {name}"
        try:
            Estimator(pruned(recipe).network)
        except ConfigError:
            return f"blocks of at least {LEVELS} channels, found {name}"
    return ""


PRUNING = Method(
    title="Channel pruning",
    source="[14] of the paper; ranked as Fang et al., CVPR 2023, do",
    recipes=one("pruned", pruned),
    teacher=pruned,
    policy=policy,
    openings=openings,
    cannot=cannot,
    rate=2.0,
)
