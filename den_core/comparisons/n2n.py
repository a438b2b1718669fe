"""N2N (Ashok, Rhinehart, Beainy, Kitani; ICLR 2018): a policy compresses a teacher, by what the student then reaches.

Kept: REINFORCE over two stages, which blocks to remove and then how far to shrink the others; the reward
C(2 - C) · (student's accuracy ÷ teacher's) with C the share of parameters saved; students that learn from the teacher's
answers. Simplified: students are structures of one elastic network, which all learned from the full model beforehand
(in-place distillation) and share its weights, in place of thousands of short trainings; the policy is a table of logits
per task, in place of a recurrent network over the layers; a last turn trains the structures that it ends with.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from den_core.comparisons.blind import blind, policy
from den_core.comparisons.method import Method, one
from den_core.comparisons.policy_step import learned
from den_core.config import Recipe, SelectorConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.models.static import StaticEstimator
from den_core.structures import full_structure, sample_structures
from den_core.training.estimator_step import StepResult, run_macs
from den_core.training.objective import leave_one_out, reinforce_loss
from den_core.training.openings import Openings
from den_core.training.selector_step import structure_losses

STUDENTS = 4
"Structures that a step tries; a baseline for each is the mean reward of the others."
REMOVAL = 0.5
"Share of the policy's turn in which blocks are removed or kept in full; after it, what is kept is shrunk."


def reward(saved: Tensor, accuracy: Tensor, teacher: Tensor) -> Tensor:
    """C(2 - C) · accuracy ÷ the teacher's, of shares of parameters saved and accuracies, fractions of any shape."""
    return saved * (2 - saved) * accuracy / teacher.clamp(min=1e-3)


def draw(log_C: Tensor, done: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Students of a stage, and the logarithm of their probability.

    Args:
        log_C: logits' distribution over levels, of which 0 removes the block, (n, h), with gradient.
        done: share of the turn that lies behind.

    Returns:
        int64 (STUDENTS, n), and (STUDENTS,).
    """
    n, h = log_C.shape
    z = sample_structures(log_C.detach().exp()[None], STUDENTS, generator)[0]
    removed, kept = log_C[:, 0], torch.logsumexp(log_C[:, 1:], 1)
    if done < REMOVAL:
        z = torch.where(z > 0, h - 1, 0)
        return z, torch.where(z > 0, kept, removed).sum(1)
    gone = log_C.argmax(1) == 0
    sizes = (log_C[:, 1:] - kept[:, None]).detach().exp()
    z = torch.where(gone, 0, 1 + sample_structures(sizes[None], STUDENTS, generator)[0])
    chosen = log_C.expand(STUDENTS, n, h).gather(2, z[..., None]).squeeze(2) - kept
    return z, torch.where(gone, 0.0, chosen).sum(1)


def policy_step(
    fabric, selector, optimizer, estimator: StaticEstimator, batch: Batch, table: CostTable, done: float,
    generator: torch.Generator,
) -> StepResult:  # fmt: skip
    """REINFORCE on the students of every task; the teacher is the full model on the same images."""
    outputs = selector({task: torch.ones_like(x[:1]) for task, x in batch.images.items()})
    students, log_probs, structures = {}, {}, {}
    for task, out in outputs.items():
        log_C = out.log_distribution[0].cpu()
        students[task], log_probs[task] = draw(log_C, done, generator)
        tried = torch.cat([students[task], full_structure(1, *log_C.shape)])
        structures[task] = tried.expand(len(batch.images[task]), -1, -1).to(out.log_distribution.device)
    losses, right = structure_losses(estimator, batch.images, batch.labels, structures)
    objectives = {}
    for task, z in students.items():
        params = table.cost(torch.cat([z, full_structure(1, *table.block_macs.shape)]), task).params.double()
        accuracy = right[task].double().mean(0).cpu()
        won = reward(1 - params[:-1] / params[-1], accuracy[:-1], accuracy[-1])[None]
        objectives[task] = reinforce_loss(log_probs[task][None], -won, leave_one_out(-won)).float()
    work = run_macs({task: z.flatten(0, 1) for task, z in structures.items()}, table)
    student_losses, student_right = ({task: part[:, :-1] for task, part in found.items()} for found in (losses, right))
    return learned(fabric, optimizer, objectives, students, student_losses, student_right, table, work)


def n2n(base: Recipe) -> Recipe:
    """The elastic network's first turn, the policy's turn, and a last one for the structures that it ends with."""
    made = blind(base)
    estimator = dataclasses.replace(made.training.estimator, full_share=0.0, uniform_share=0.0, dial_share=0.0)
    selector = dataclasses.replace(made.training.selector, control_variate="none", samples=1)
    network = dataclasses.replace(made.network, selector=SelectorConfig(uniform_start=True))
    training = dataclasses.replace(made.training, estimator=estimator, selector=selector)
    return dataclasses.replace(made, network=network, training=training)


def no_removal(recipe: Recipe) -> str:
    """What is missing where no level removes a block."""
    lowest = recipe.network.backbone.level_fractions[0]
    return "" if lowest == 0 else f"levels of which the lowest skips the block, found a share of {lowest:g}"


N2N = Method(
    title="N2N",
    source="Ashok et al., ICLR 2018",
    recipes=one("n2n", n2n),
    policy=policy,
    openings=lambda training: Openings(seen=torch.ones_like, selector_step=policy_step),
    cannot=no_removal,
    rate=2.0,
)
