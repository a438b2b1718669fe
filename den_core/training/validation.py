"""The held-out part of the training data, looked at while training goes on."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from den_core.config import NetworkConfig
from den_core.data.arrays import TaskArrays
from den_core.data.transforms import normalise
from den_core.models.accounting import CostTable
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.static import StaticEstimator, StaticSelector
from den_core.structures import count_distinct, full_structure

LIMIT = 250
"Validation images per task looked at while training; the final figures use all."


@dataclass(frozen=True)
class ValidationResult:
    """Accuracy (fraction, mean over tasks and by task), mean MACs per image, different structures in use."""

    accuracy: float
    mean_macs: float
    distinct: int
    by_task: dict[str, float]


def validate(
    estimator: Estimator,
    selector: Selector,
    network: NetworkConfig,
    data: dict[str, TaskArrays],
    table: CostTable,
    chooses: bool,
    device: torch.device,
    batch_size: int = 250,
) -> ValidationResult:
    """Accuracy of the selector's own choices, or of the full model while the selector is untrained."""
    static_estimator, static_selector = StaticEstimator(estimator), StaticSelector(selector)
    by_task, macs, chosen = {}, [], []
    for task in network.tasks:
        arrays = data[task.name]
        images = torch.from_numpy(arrays.images[:LIMIT]).to(device)
        labels = torch.from_numpy(arrays.labels[:LIMIT]).to(device)
        right = 0
        for start in range(0, len(images), batch_size):
            x = normalise(images[start : start + batch_size], task)
            with torch.inference_mode():
                if chooses:
                    z = static_selector(x, task.name).argmax(-1)
                else:
                    z = full_structure(len(x), estimator.num_blocks, estimator.num_levels).to(x.device)
                logits = static_estimator(x, z, task.name)
            right += int((logits.argmax(1) == labels[start : start + batch_size]).sum())
            cost = table.cost(z, task.name)
            macs.append((cost.total_macs if chooses else cost.macs).double())
            chosen.append(z.cpu())
        by_task[task.name] = right / len(images)
    return ValidationResult(
        sum(by_task.values()) / len(by_task), float(torch.cat(macs).mean()), count_distinct(torch.cat(chosen)), by_task
    )
