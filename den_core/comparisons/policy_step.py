"""What optimiser steps of all compared policies have in common."""

from __future__ import annotations

from torch import Tensor

from den_core.models.accounting import CostTable
from den_core.training.estimator_step import StepResult, mean_over_tasks, structures_cost


def learned(
    fabric, optimizer, objectives: dict[str, Tensor], drawn: dict[str, Tensor], losses: dict[str, Tensor],
    right: dict[str, Tensor], table: CostTable, work: float,
) -> StepResult:  # fmt: skip
    """Take a step down the mean of all tasks' objectives, and say what the structures did that were drawn.

    Args:
        objectives: by task, scalars with gradient.
        drawn: by task, int64 (N, n).
        losses, right: of the same, by task, of any shape.
        work: MACs of the step.
    """
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(mean_over_tasks(objectives))
    optimizer.step()
    loss, accuracy = (
        mean_over_tasks({task: part.mean() for task, part in by_task.items()}).item() for by_task in (losses, right)
    )
    used, macs = structures_cost(drawn, table)
    return StepResult(loss, accuracy, used, macs, work)
