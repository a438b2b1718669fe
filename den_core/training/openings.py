"""Where another method may differ from Algorithm 1. Loop, data, augmentation and optimisers stay the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from den_core.config import TrainingConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable
from den_core.models.estimator import Estimator
from den_core.models.static import StaticEstimator
from den_core.training.estimator_step import StepResult
from den_core.training.schedule import Turn, turns

FirstStructures = Callable[[str, int, torch.Generator], Tensor]
"(task, images, generator) -> structures of the first turn, int64 (images, n)."


class SelectorStep(Protocol):
    """One optimiser step of whatever chooses, on one batch of every task."""

    def __call__(
        self, fabric, selector, optimizer, estimator: StaticEstimator, batch: Batch, table: CostTable, done: float,
        generator: torch.Generator,
    ) -> StepResult: ...  # fmt: skip


def _nothing() -> None:
    """What most methods do after a step."""


@dataclass(frozen=True)
class Openings:
    """What a method does in its own way; the defaults are Algorithm 1.

    Args:
        plan: the turns of a training.
        first_structures: of the first turn; None takes the recipe's.
        begin: called with the estimator when a turn that trains it begins, or goes on from a resume point (which the
            last argument tells: it is true at a turn's first step); what it returns is called after every step.
        teacher: answers that the estimator learns from beside the labels: normalised images by task -> logits by task.
        seen: what the selector sees of a batch of images, (B, 3, size, size) -> the same shape.
        selector_step: in place of Eq. 7; `done` is the share of the turn that lies behind, in [0, 1).
    """

    plan: Callable[[TrainingConfig], list[Turn]] = turns
    first_structures: FirstStructures | None = None
    begin: Callable[[Estimator, Turn, bool], Callable[[], None]] = field(
        default=lambda estimator, turn, fresh: _nothing
    )
    teacher: Callable[[dict[str, Tensor]], dict[str, Tensor]] | None = None
    seen: Callable[[Tensor], Tensor] = field(default=lambda images: images)
    selector_step: SelectorStep | None = None


ALGORITHM_1 = Openings()
