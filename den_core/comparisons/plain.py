"""Networks that always run in full: what a practitioner would try first. None is in the paper but the separate ones.

The narrow ones have as many MACs as the deep elastic network spends on average, the wide shared one as many weights as
the separate ones together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from den_core.comparisons.method import Method, in_full, one
from den_core.config import NetworkConfig, Recipe
from den_core.errors import ConfigError
from den_core.models.accounting import CostTable, cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.recipes.baseline import always_full, baseline

WIDTHS = (0.05, 8.0)
"Between which a width is looked for, relative to the backbone's own."


def of_width(recipe: Recipe, width: float) -> Recipe:
    """The same recipe on a backbone of another width."""
    return dataclasses.replace(recipe, network=_of_width(recipe.network, width))


def _of_width(network: NetworkConfig, width: float) -> NetworkConfig:
    return dataclasses.replace(network, backbone=dataclasses.replace(network.backbone, width=width))


def _costs(network: NetworkConfig) -> CostTable:
    """Costs of a network that is not made: none of its weights takes memory."""
    with torch.device("meta"):
        return cost_table(Estimator(network), Selector(network))


def width_for(network: NetworkConfig, cost: Callable[[CostTable], float], goal: float) -> float:
    """The width at which a network costs as near to a goal as whole channels allow.

    Args:
        cost: of its table of costs; it rises with the width.

    Raises:
        ConfigError: no width between WIDTHS costs as little or as much.
    """

    def costs(width: float) -> float:
        return cost(_costs(_of_width(network, width)))

    low, high = WIDTHS
    if not costs(low) <= goal <= costs(high):
        raise ConfigError(
            f"expected a cost from {costs(low):.3g} to {costs(high):.3g} for {network.backbone.name}, found {goal:.3g}"
        )
    for _ in range(20):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if costs(middle) <= goal else (low, middle)
    return min((low, high), key=lambda width: abs(costs(width) - goal))


def full_macs(table: CostTable) -> float:
    """Of the full model, mean over tasks."""
    full = int(table.block_macs[:, -1].sum())
    return sum(table.areas[task] * full + macs for task, macs in table.task_macs.items()) / len(table.task_macs)


def weights(table: CostTable) -> float:
    """Of the blocks, which tasks share."""
    return float(table.block_params[:, -1].sum())


def narrow(recipe: Recipe, share: float) -> Recipe:
    """The same with a share of the full MACs."""
    table = _costs(recipe.network)
    return of_width(recipe, width_for(recipe.network, full_macs, share * full_macs(table)))


def as_many_weights(recipe: Recipe) -> Recipe:
    """The same with as many weights in its blocks as a network for each of its tasks would have together."""
    table = _costs(recipe.network)
    return of_width(recipe, width_for(recipe.network, weights, len(recipe.network.tasks) * weights(table)))


def separate(base: Recipe, share: float) -> dict[str, Recipe]:
    """A network for every task."""
    return {f"separate-{task.name}": baseline(base, task.name) for task in base.network.tasks}


def several(recipe: Recipe) -> str:
    """What is missing where a recipe has one task only."""
    return "" if len(recipe.network.tasks) > 1 else "at least two tasks, found one"


SEPARATE = Method(
    title="Separate networks (Baseline)",
    source="the paper",
    recipes=separate,
    policy=in_full,
    pretrained=True,
)
SEPARATE_NARROW = Method(
    title="Separate narrow networks",
    source="",
    recipes=lambda base, share: {f"{name}-narrow": narrow(made, share) for name, made in separate(base, share).items()},
    policy=in_full,
    rate=0.5,
)
SHARED = Method(
    title="One shared network",
    source="",
    recipes=one("shared", always_full),
    policy=in_full,
    cannot=several,
    rate=2.0,
    pretrained=True,
)
SHARED_NARROW = Method(
    title="One narrow shared network",
    source="",
    recipes=lambda base, share: {"shared-narrow": narrow(always_full(base), share)},
    policy=in_full,
    cannot=several,
    rate=0.5,
)
SHARED_WIDE = Method(
    title="One wide shared network",
    source="",
    recipes=one("shared-wide", lambda base: as_many_weights(always_full(base))),
    policy=in_full,
    cannot=several,
    rate=0.5,
)
