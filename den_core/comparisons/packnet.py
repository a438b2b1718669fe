"""PackNet* (after Mallya, Lazebnik; CVPR 2018): tasks one after the other, each with weights that later ones keep.

Kept: a task trains weights of its own beside those of the tasks before it, which it uses and never changes, so that
nothing is forgotten. As in the paper's PackNet*, these are the groups of channels that its level adds, instead of
single weights that pruning set free; the norms' weights of earlier groups stay with them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from den_core.comparisons.method import Method, Training, one
from den_core.comparisons.nestednet import first_structures, levels_of_tasks, policy, too_many_tasks
from den_core.comparisons.plain import several
from den_core.config import Recipe, TrainingConfig
from den_core.models.chain import ElasticChain
from den_core.models.elastic import ElasticBlock
from den_core.models.estimator import Estimator
from den_core.models.registry import find_backbone
from den_core.recipes.baseline import always_full
from den_core.training.openings import Openings
from den_core.training.schedule import Turn


def weights_of(block: ElasticBlock, level: int) -> list[Tensor]:
    """Views of all weights of a block that a level uses."""
    assert isinstance(block, ElasticChain)  # as all families have it
    found = []
    for i in range(len(block.layers)):
        found.append(block.weight(i, level))
        if (norm := block.norm(i)) is not None:
            channels = block.ends(i, level)[0]
            found += [norm.weight[:channels], norm.bias[:channels]]
    return found


def openings(training: Training) -> Openings:
    """A turn per task by rising level, in which the weights of lower levels are put back after every step."""
    levels = levels_of_tasks(training.recipe.network)
    order = sorted(levels, key=lambda name: levels[name])

    def plan(config: TrainingConfig) -> list[Turn]:
        steps, start, turns = config.estimator.first_steps, 0, []
        for place, task in enumerate(order, start=1):
            end = steps * place // len(order)
            turns.append(Turn("estimator", 0, end - start, start, tasks=(task,)))
            start = end
        return turns

    def begin(estimator: Estimator, turn: Turn, fresh: bool) -> Callable[[], None]:
        place = order.index(turn.tasks[0])
        if not place:
            return lambda: None
        below = levels[order[place - 1]]
        with torch.no_grad():
            owned = [view for block in estimator.blocks for view in weights_of(block, below)]
            kept = [view.clone() for view in owned]

        def put_back() -> None:
            with torch.no_grad():
                for view, value in zip(owned, kept, strict=True):
                    view.copy_(value)

        return put_back

    n = find_backbone(training.recipe.network.backbone.name).num_blocks
    return Openings(plan=plan, first_structures=first_structures(levels, n), begin=begin)


def one_after_the_other(base: Recipe) -> Recipe:
    """As many image runs as the other methods: as each turn shows one task, its steps have as many images as all."""
    made = always_full(base)
    total = sum(made.training.batch_of(task.name) for task in made.network.tasks)
    training = dataclasses.replace(made.training, batch_size=dict.fromkeys((t.name for t in made.network.tasks), total))
    return dataclasses.replace(made, training=training)


def cannot(recipe: Recipe) -> str:
    """What is missing where a recipe has one task, or more than levels."""
    return several(recipe) or too_many_tasks(recipe)


PACKNET = Method(
    title="PackNet*",
    source="Mallya and Lazebnik, CVPR 2018; the paper",
    recipes=one("packnet", one_after_the_other),
    policy=policy,
    openings=openings,
    cannot=cannot,
    rate=2.0,
)
