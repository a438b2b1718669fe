"""Routing networks (Rosenbaum, Klinger, Riemer; ICLR 2018), see `den_core.models.routed` for the network.

Kept: shared convolutions, as many modules per fully connected layer as tasks, a router per task that is a table of
probabilities and learns by the weighted policy learner from a reward of 1 for a right answer and -1 for a wrong one.
Simplified: routers and modules take turns instead of learning together; the learner's step is taken on logits, in place
of a projection onto the simplex; no reward for using modules that others use, which the original found to help little.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from den_core.comparisons.blind import blind, policy
from den_core.comparisons.method import Method, one
from den_core.comparisons.plain import several
from den_core.comparisons.policy_step import learned
from den_core.config import Recipe, SelectorConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.models.plain import PlainBackbone
from den_core.models.registry import find_backbone
from den_core.models.static import StaticEstimator
from den_core.recipes.baseline import always_full
from den_core.structures import sample_structures
from den_core.training.estimator_step import StepResult, run_macs
from den_core.training.openings import Openings
from den_core.training.selector_step import structure_losses

TURNS = 3
"How often modules and routers take turns before the last turn, which trains the modules that the routers end with."


def weighted(advantage: Tensor, probability: Tensor) -> Tensor:
    """The weighted policy learner (Abdallah, Lesser; 2008): slow towards the ends, so that routers do not settle early.

    Args:
        advantage: of what was drawn, any shape.
        probability: of it, in [0, 1], the same shape.
    """
    return advantage * torch.where(advantage > 0, 1 - probability, probability)


def policy_step(
    fabric, selector, optimizer, estimator: StaticEstimator, batch: Batch, table: CostTable, done: float,
    generator: torch.Generator,
) -> StepResult:  # fmt: skip
    """One step of every task's router, on the routes that its images draw."""
    outputs = selector({task: torch.ones_like(x[:1]) for task, x in batch.images.items()})
    drawn = {}
    for task, out in outputs.items():
        C = out.log_distribution.detach().exp().cpu().expand(len(batch.images[task]), -1, -1)
        drawn[task] = sample_structures(C, 1, generator).to(out.log_distribution.device)
    losses, right = structure_losses(estimator, batch.images, batch.labels, drawn)
    objectives = {}
    for task, out in outputs.items():
        won = 2 * right[task] - 1  # (B, 1)
        log_C = out.log_distribution[0]
        log_p = log_C.expand(len(won), -1, -1).gather(2, drawn[task][:, 0, :, None]).squeeze(2)
        objectives[task] = -(weighted(won - won.mean(), log_p.detach().exp()) * log_p).sum(1).mean()
    flat = {task: z.flatten(0, 1) for task, z in drawn.items()}
    return learned(fabric, optimizer, objectives, flat, losses, right, table, run_macs(flat, table))


def routing(base: Recipe) -> Recipe:
    """As many image runs in all; a quarter of them after the routers are done."""
    unseeing = blind(base)
    made = always_full(unseeing)
    total, choice = made.training.estimator.first_steps, unseeing.training.selector
    last = total // 4
    turn = (total - last) // TURNS
    estimator = dataclasses.replace(
        made.training.estimator,
        first_structures="selector",
        first_steps=total - last - (TURNS - 1) * turn,
        round_steps=turn,
        last_steps=last,
        full_share=0.0,
        uniform_share=0.0,
        dial_share=0.0,
        execution="dispatched",
    )
    selector = dataclasses.replace(choice, steps=choice.steps // TURNS, control_variate="none", samples=1)
    backbone = dataclasses.replace(base.network.backbone, modules=len(base.network.tasks))
    network = dataclasses.replace(made.network, backbone=backbone, selector=SelectorConfig(uniform_start=True))
    training = dataclasses.replace(made.training, rounds=TURNS, estimator=estimator, selector=selector)
    return dataclasses.replace(made, network=network, training=training)


def cannot(recipe: Recipe) -> str:
    """What is missing where there is one task, or nothing to route between."""
    backbone = find_backbone(recipe.network.backbone.name)
    routable = isinstance(backbone, PlainBackbone) and backbone.fixed_layers
    connected = f"fully connected layers without levels, found {recipe.network.backbone.name}"
    return several(recipe) or ("" if routable else connected)


ROUTING = Method(
    title="Routing networks",
    source="Rosenbaum et al., ICLR 2018",
    recipes=one("routing", routing),
    policy=policy,
    openings=lambda training: Openings(seen=torch.ones_like, selector_step=policy_step),
    cannot=cannot,
)
