"""One optimiser step of the selector: Eq. 7, with the control variate that the configuration names.

The estimator stands still in this turn and runs in evaluation mode, as it will at inference, so that its dispatched
form gives every sampled structure's loss at a fraction of the full cost and without a backward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.config import SelectorTurnConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.models.selector import SelectorOutput
from den_core.models.static import StaticEstimator
from den_core.models.stems import run_together
from den_core.structures import sample_structures
from den_core.training import objective as eq
from den_core.training.estimator_step import BACKWARD, StepResult, mean_over_tasks, run_macs, structures_cost
from den_core.training.sampling import dialled, epsilon_greedy, explored, random_density_structures


def structure_losses(
    estimator: StaticEstimator,
    images: dict[str, Tensor],
    labels: dict[str, Tensor],
    structures: dict[str, Tensor],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """L of Eq. 4 for every image under each of its structures, and whether the answer is right.

    Args:
        structures: by task that has images of its own, int64 (B_t, S, n). The stem runs once per image, the shared
            blocks once per structure.

    Returns:
        Losses in nats, and right answers as 0 or 1, by the same tasks, (B_t, S) each: means where an image has several
        heads.
    """
    with torch.no_grad():
        maps = {t: estimator.stem(images[t], t).repeat_interleave(z.shape[1], 0) for t, z in structures.items()}

        def run(tasks: Sequence[str], x: Tensor) -> Tensor:
            z = torch.cat([structures[t].flatten(0, 1) for t in tasks])
            return estimator.run_blocks(x.contiguous(memory_format=torch.channels_last), z)

        ran = run_together(maps, run)
        losses, right = {}, {}
        for task, z in structures.items():
            part = ran[task]
            answered = [
                _answer(estimator.heads[name](part).float(), labels[name].repeat_interleave(z.shape[1]))
                for name, shown in estimator.image_tasks.items()
                if shown == task
            ]
            mean = torch.stack([torch.stack(pair) for pair in answered]).mean(0)
            losses[task], right[task] = mean.view(2, -1, z.shape[1])
    return losses, right


def _answer(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    return F.cross_entropy(logits, target, reduction="none"), (logits.argmax(1) == target).float()


def selector_loss(
    output: SelectorOutput,
    z: Tensor,
    loss: Tensor,
    usage: Tensor,
    epsilon: float,
    config: SelectorTurnConfig,
) -> Tensor:
    """The scalar whose gradient trains the selector on one task's images.

    Args:
        output: the selector's, with gradient.
        z: structures, (B, S + critic_samples + dial_samples, n); the first S = config.samples come from the explored C.
        loss: cross-entropy of each, (B, S + critic_samples + dial_samples).
        usage: d_i(l), (n, h).
        epsilon: of the ε-greedy draw.
    """
    B, n, h = output.log_distribution.shape
    S = config.samples
    log_C = explored(output.log_distribution, config.probability_floor)
    log_prob = eq.log_probability(log_C, z[:, :S])
    weight = eq.importance_weight(log_prob, h, n, epsilon)
    bonus = config.entropy_weight * eq.entropy(output.log_distribution).mean()
    R = loss[:, :S] + eq.sparsity_penalty(z[:, :S], usage, config.rho)
    match config.control_variate:
        case "none":
            return eq.reinforce_loss(log_prob, R, 0.0, weight) - bonus
        case "leave_one_out":
            return eq.reinforce_loss(log_prob, R, eq.leave_one_out(R), weight) - bonus
        case "critic":
            assert output.critic is not None and output.critic_bias is not None  # build_networks saw to it
            Q = eq.additive_value(output.critic, output.critic_bias, z)
            C = log_C.exp()
            known = eq.expected_additive_value(C, output.critic.detach(), output.critic_bias.detach())
            # S(z) is known in closed form too, so that only the loss that the critic misses is left to sampling
            known = (known + eq.expected_sparsity_penalty(C, usage, config.rho)).mean()
            sampled = eq.reinforce_loss(log_prob, loss[:, :S], Q[:, :S], weight)
            return known + sampled - bonus + F.mse_loss(Q, loss)
        case _:
            assert_never(config.control_variate)


def draw_structures(
    log_C: Tensor,
    relative_macs: Tensor,
    epsilon: float,
    config: SelectorTurnConfig,
    dial_weight: float,
    generator: torch.Generator,
) -> Tensor:
    """The structures that one step tries on an image, (B, S [+ critic_samples + dial_samples], n)."""
    B, n, h = log_C.shape
    C = explored(log_C, config.probability_floor).exp()
    parts = [epsilon_greedy(C, config.samples, epsilon, generator)]
    match config.control_variate:
        case "none" | "leave_one_out":
            pass
        case "critic":
            if config.critic_samples:
                extra = random_density_structures(B * config.critic_samples, n, h, generator)
                parts.append(extra.view(B, config.critic_samples, n))
            if config.dial_samples:
                spread = C.repeat_interleave(config.dial_samples, 0)
                cheaper = dialled(spread, relative_macs, dial_weight, generator=generator)
                parts.append(sample_structures(cheaper, 1, generator).view(B, config.dial_samples, n))
        case _:
            assert_never(config.control_variate)
    return torch.cat(parts, dim=1)


def selector_step(
    fabric,
    selector,
    optimizer,
    estimator: StaticEstimator,
    batch: Batch,
    table: CostTable,
    epsilon: float,
    config: SelectorTurnConfig,
    dial_weight: float,
    generator: torch.Generator,
    seen: Callable[[Tensor], Tensor] = lambda images: images,
) -> StepResult:
    """Train the selector on one batch of every task.

    Args:
        dial_weight: the largest cost weight of `config.dial_samples`, see `EstimatorTurnConfig`.
        seen: what the selector sees of the images.
    """
    outputs = selector({task: seen(images) for task, images in batch.images.items()})
    structures = {
        task: draw_structures(
            out.log_distribution.detach().cpu(), table.relative_macs, epsilon, config, dial_weight, generator
        ).to(out.log_distribution.device)
        for task, out in outputs.items()
    }
    losses, right = structure_losses(estimator, batch.images, batch.labels, structures)
    objectives = {}
    for task, out in outputs.items():
        objectives[task] = selector_loss(out, structures[task], losses[task], table.usage, epsilon, config)
        if out.class_logits is not None:
            objectives[task] = objectives[task] + F.cross_entropy(out.class_logits, batch.labels[task])
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(mean_over_tasks(objectives))
    optimizer.step()
    S = config.samples
    used, macs = structures_cost({t: z[:, :S].flatten(0, 1) for t, z in structures.items()}, table)
    return StepResult(
        mean_over_tasks({t: loss[:, :S].mean() for t, loss in losses.items()}).item(),
        mean_over_tasks({t: hit[:, :S].mean() for t, hit in right.items()}).item(),
        used,
        macs,
        look_work(batch, table) + run_macs({t: z.flatten(0, 1) for t, z in structures.items()}, table),
    )


def look_work(batch: Batch, table: CostTable) -> float:
    """MACs of a selector that learns from a batch, forward and backward."""
    return float((1 + BACKWARD) * sum(len(x) * table.selector_macs[task] for task, x in batch.images.items()))


def label_step(fabric, selector, optimizer, batch: Batch, table: CostTable) -> StepResult:
    """Train the auxiliary heads, and the features below them, on one batch of every task; no structure is run."""
    outputs = selector(batch.images)
    losses = {task: F.cross_entropy(out.class_logits, batch.labels[task]) for task, out in outputs.items()}
    loss = mean_over_tasks(losses)
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(loss)
    optimizer.step()
    right = {t: (out.class_logits.argmax(1) == batch.labels[t]).float().mean() for t, out in outputs.items()}
    return StepResult(loss.item(), mean_over_tasks(right).item(), 0.0, 0.0, look_work(batch, table))
