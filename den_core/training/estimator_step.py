"""One optimiser step of the estimator: the objective of Eq. 4 for structures that someone else has drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.structures import full_structure
from den_core.training.objective import usage_of


@dataclass(frozen=True)
class StepResult:
    """What one step of either network measured on its own batch.

    Args:
        loss: cross-entropy in nats, mean over tasks.
        accuracy: fraction right, mean over tasks.
        usage: mean share of the shared blocks' parameters in use (Eq. 5's mean d).
        mean_macs: of the structures that were run, per image, selector left out, mean over tasks.
        work: MACs of the whole step, a forward pass counted once and a backward pass twice.
        image_runs: how many images the estimator learned from, those that ran twice counted twice.
    """

    loss: float
    accuracy: float
    usage: float
    mean_macs: float
    work: float
    image_runs: int = 0


BACKWARD = 2
"MACs of a backward pass ÷ those of the forward pass."


def mean_over_tasks(values: dict[str, Tensor]) -> Tensor:
    """Every task counts equally, however many images it has."""
    return torch.stack(list(values.values())).mean()


def estimator_step(
    fabric,
    estimator,
    optimizer,
    batch: Batch,
    structures: dict[str, Tensor],
    table: CostTable,
    config,
    teacher: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None,
) -> StepResult:
    """Train on one batch of every task, each image with its structure, and in full as well where that one distils.

    Args:
        fabric, estimator, optimizer: as set up by lightning-fabric.
        structures: by task that has images of its own, int64 (B_t, n).
        table: costs, for the report only: S(z) has no gradient in the estimator's weights.
        config: EstimatorTurnConfig.
        teacher: see `Openings`; its answers are learned from with the weight of the labels.
    """
    images = batch.images
    told = teacher(images) if teacher is not None else {}
    whole = {t: full_structure(len(x), *table.block_macs.shape) for t, x in images.items()} if told else {}
    work = run_macs(whole, table)
    if config.distillation:
        # both runs in one pass, so that a level's statistics come from all images that run at it
        runs = {task: _run_twice(x, structures[task], config.distilled_share, table) for task, x in images.items()}
        images = {task: x for task, (x, _) in runs.items()}
        structures = {task: z for task, (_, z) in runs.items()}
    logits = estimator(images, structures, config.execution)
    losses, right = {}, {}
    for task, labels in batch.labels.items():
        taught, distilled = logits[task].split([len(labels), len(logits[task]) - len(labels)])
        loss = F.cross_entropy(taught, labels, label_smoothing=config.label_smoothing)
        if config.distillation:
            loss = loss + config.distillation * distillation_loss(distilled, taught[: len(distilled)])
        if task in told:
            loss = loss + distillation_loss(taught, told[task])
        losses[task] = loss
        shown = torch.cat([labels, labels[: len(distilled)]])
        right[task] = (logits[task].argmax(1) == shown).float().mean()
    loss = mean_over_tasks(losses)
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(loss)
    optimizer.step()
    used, macs = structures_cost(structures, table)
    work += (1 + BACKWARD) * run_macs(structures, table)
    return StepResult(loss.item(), mean_over_tasks(right).item(), used, macs, work, sum(map(len, structures.values())))


def distillation_loss(logits: Tensor, teacher: Tensor) -> Tensor:
    """Mean Kullback–Leibler divergence from the teacher's answers, which get no gradient; nats, (B, K) each.

    Source: in-place distillation of universally slimmable networks.
    """
    return F.kl_div(logits.log_softmax(1), teacher.detach().softmax(1), reduction="batchmean")


def _run_twice(x: Tensor, z: Tensor, share: float, table: CostTable) -> tuple[Tensor, Tensor]:
    """All images in full, then the first of them with their structures: (B + k, …), (B + k, n); k is a share of B."""
    n, h = table.block_macs.shape
    k = max(1, round(share * len(x)))
    return torch.cat([x, x[:k]]), torch.cat([full_structure(len(x), n, h).to(z.device), z[:k]])


def run_macs(structures: dict[str, Tensor], table: CostTable) -> float:
    """MACs of one forward pass of all images with their structures (B, n) by task, selector left out."""
    return float(sum(int(table.cost(z, task).macs.sum()) for task, z in structures.items()))


def structures_cost(structures: dict[str, Tensor], table: CostTable) -> tuple[float, float]:
    """Mean usage (Eq. 5's d) and mean MACs of structures (B, n) by task, every task counting equally."""
    used = {task: usage_of(z.cpu(), table.usage).mean() for task, z in structures.items()}
    macs = {task: table.cost(z, task).macs.double().mean() for task, z in structures.items()}
    return mean_over_tasks(used).item(), mean_over_tasks(macs).item()
