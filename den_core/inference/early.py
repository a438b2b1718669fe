"""Early answers: where the selector's head is sure enough, it answers and the estimator does not run.

The head's largest class probability is turned into the probability that it is right, by a logistic curve per task that
is fitted on validation images (Platt scaling). It answers where that exceeds what the estimator is expected to reach on
the task, less the price of its MACs: a threshold by task that falls with the cost weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from den_core.errors import ConfigError
from den_core.fields import Range, check_fields
from den_core.policy import threshold_at

Finite = Annotated[float, Range(-math.inf, above=True)]


def log_odds(class_logits: Tensor) -> Tensor:
    """ln p / (1 - p) of the most probable class: (B, K), K >= 2 -> float64 (B,).

    From the logits, so that it stays finite where p rounds to 1.
    """
    largest, rest = class_logits.double().sort(1, descending=True).values.split([1, class_logits.shape[1] - 1], dim=1)
    return largest.squeeze(1) - rest.logsumexp(1)


@dataclass(frozen=True)
class Confidence:
    """The probability that a task's head is right: 1 / (1 + exp(-(intercept + slope · log-odds)))."""

    intercept: Finite
    slope: Annotated[float, Range(0)]

    def __post_init__(self) -> None:
        check_fields(self)

    def probability(self, class_logits: Tensor) -> Tensor:
        """That the head's answer is right: logits (B, K) -> float64 (B,)."""
        return torch.sigmoid(self.intercept + self.slope * log_odds(class_logits))


@dataclass(frozen=True)
class EarlyRule:
    """When the head answers.

    Args:
        confidence: by task.
        thresholds: of the probability that the head is right, at cost weight 0, by task; in [0, 1].
        fall: by how much they fall per unit of cost weight.
    """

    confidence: dict[str, Confidence]
    thresholds: dict[str, Annotated[float, Range(0, 1)]]
    fall: Annotated[float, Range(0)]

    def __post_init__(self) -> None:
        check_fields(self)
        if set(self.confidence) != set(self.thresholds):
            expected, found = ", ".join(self.confidence), ", ".join(self.thresholds)
            raise ConfigError(
                f"expected thresholds for the tasks {expected}, as confidence has, found {found or 'none'}"
            )

    def threshold_at(self, task: str, cost_weight: float) -> float:
        """What the probability must exceed for a task at a cost weight, in [0, 1]."""
        return threshold_at(self.thresholds[task], self.fall, cost_weight)
