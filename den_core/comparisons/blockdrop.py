"""BlockDrop (Wu et al., CVPR 2018): blocks run in full or not at all, chosen per image by a policy network.

Kept: independent Bernoullis per block; the reward 1 - (share of the blocks kept)² where the answer is right and a
penalty where it is wrong; the reward of the policy's greedy choice as baseline; bounded probabilities; a curriculum in
which the last blocks are open to the policy first; fine-tuning of the network under the policy's choices at the end.
Simplified: network and policy take turns instead of learning together in the end, and the policy is this project's
selector, which has its own stems.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from den_core.comparisons.method import Method, one
from den_core.comparisons.policy_step import learned
from den_core.config import Recipe, SelectorConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.models.registry import find_backbone
from den_core.models.static import StaticEstimator
from den_core.policy import OWN
from den_core.recipes.baseline import always_full
from den_core.recipes.training import runs_per_image
from den_core.structures import sample_structures
from den_core.training.estimator_step import StepResult, run_macs
from den_core.training.objective import log_probability
from den_core.training.openings import Openings
from den_core.training.selector_step import look_work, structure_losses

BOUND = 0.8
"α: probabilities s become α s + (1 - α)(1 - s), which keeps every block in play."
PENALTY = 5.0
"γ: of a wrong answer; the original takes 5 on CIFAR."
CURRICULUM = 0.5
"Share of the policy's turn after which all blocks are open to it."


def reward(z: Tensor, right: Tensor) -> Tensor:
    """Of decisions to keep blocks, int64 (B, S, n) of 0 and 1, and right answers, (B, S): (B, S), at most 1."""
    kept = z.double().mean(-1)
    return torch.where(right > 0, 1 - kept.square(), -PENALTY)


def bounded(C: Tensor) -> Tensor:
    """Distributions over {0, full}, (B, n, 2), kept away from certainty."""
    return BOUND * C + (1 - BOUND) * (1 - C)


def opened(z: Tensor, done: float) -> Tensor:
    """Decisions with all blocks in full that the curriculum has not opened yet; (…, n)."""
    n = z.shape[-1]
    count = n if done >= CURRICULUM else math.ceil(n * done / CURRICULUM)
    closed = torch.arange(n) < n - max(1, count)
    return torch.where(closed, 1, z)


def policy_step(
    fabric, selector, optimizer, estimator: StaticEstimator, batch: Batch, table: CostTable, done: float,
    generator: torch.Generator,
) -> StepResult:  # fmt: skip
    """REINFORCE with the greedy choice as baseline, on one batch of every task."""
    outputs = selector(batch.images)
    structures = {}
    for task, out in outputs.items():
        C = bounded(out.log_distribution.detach().exp().cpu())
        drawn = sample_structures(C, 1, generator)
        tried = torch.cat([drawn, C.argmax(-1)[:, None]], 1)
        structures[task] = opened(tried, done).to(out.log_distribution.device)
    losses, right = structure_losses(estimator, batch.images, batch.labels, structures)
    objectives = {}
    for task, out in outputs.items():
        z = structures[task]
        won = reward(z, right[task])
        log_prob = log_probability(bounded(out.log_distribution.exp()).log(), z[:, :1])
        objectives[task] = -((won[:, :1] - won[:, 1:]) * log_prob).mean()
    tried_first = {task: z[:, 0] for task, z in structures.items()}
    work = look_work(batch, table) + run_macs({task: z.flatten(0, 1) for task, z in structures.items()}, table)
    first_losses, first_right = ({task: part[:, 0] for task, part in found.items()} for found in (losses, right))
    return learned(fabric, optimizer, objectives, tried_first, first_losses, first_right, table, work)


def blockdrop(base: Recipe) -> Recipe:
    """A first turn in full, the policy's turn, and a last turn under its choices, on as many image runs in all."""
    stage, choice = base.training.estimator, base.training.selector
    plain = always_full(base)
    last = round(stage.last_steps / runs_per_image(stage))
    estimator = dataclasses.replace(
        plain.training.estimator,
        first_steps=plain.training.estimator.first_steps - last,
        last_steps=last,
        full_share=0.0,
        uniform_share=0.0,
        dial_share=0.0,
    )
    selector = dataclasses.replace(
        choice, steps=choice.steps + choice.label_steps, label_steps=0, control_variate="none", samples=1
    )
    backbone = dataclasses.replace(base.network.backbone, level_fractions=(0.0, 1.0))
    network = dataclasses.replace(base.network, backbone=backbone, selector=SelectorConfig(uniform_start=True))
    training = dataclasses.replace(plain.training, estimator=estimator, selector=selector)
    return dataclasses.replace(plain, network=network, training=training)


def no_skipping(recipe: Recipe) -> str:
    """What is missing where blocks cannot be skipped."""
    backbone = find_backbone(recipe.network.backbone.name)
    skips = backbone.level_fractions[0] == 0
    return "" if skips else f"a backbone whose blocks can be skipped, found {recipe.network.backbone.name}"


BLOCKDROP = Method(
    title="BlockDrop",
    source="Wu et al., CVPR 2018",
    recipes=one("blockdrop", blockdrop),
    policy=lambda net: OWN,
    openings=lambda training: Openings(selector_step=policy_step),
    cannot=no_skipping,
    rate=2.0,
)
