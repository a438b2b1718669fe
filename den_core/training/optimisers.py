"""The optimisers of both networks, as their configurations name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import torch
from torch import nn

from den_core.config import EstimatorTurnConfig, SelectorTurnConfig
from den_core.training.muon import Muon, block_weights


def estimator_optimizer(estimator: nn.Module, config: EstimatorTurnConfig) -> torch.optim.Optimizer:
    """SGD with Nesterov's momentum, or AdamW; with `matrix_learning_rate` Muon for the blocks' convolutions."""
    turned = block_weights(estimator) if config.matrix_learning_rate else {}
    rest = _without(estimator, turned)
    # norms and biases are left out of the decay: shrinking them does not regularise
    decayed = [p for p in rest if p.dim() > 1]
    others = [p for p in rest if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    made: torch.optim.Optimizer
    match config.optimizer:
        case "sgd":
            made = torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum, nesterov=True)
        case "adamw":
            made = torch.optim.AdamW(groups, lr=config.learning_rate)
        case _:
            assert_never(config.optimizer)
    return _beside(made, turned, config, config.momentum)


def selector_optimizer(selector: nn.Module, config: SelectorTurnConfig) -> torch.optim.Optimizer:
    """Adam; with `matrix_learning_rate` Muon for the blocks' convolutions."""
    turned = block_weights(selector) if config.matrix_learning_rate else {}
    return _beside(torch.optim.Adam(_without(selector, turned), lr=config.learning_rate), turned, config, 0.9)


def _without(network: nn.Module, left_out: Mapping[nn.Parameter, int]) -> list[nn.Parameter]:
    known = {id(p) for p in left_out}
    return [p for p in network.parameters() if id(p) not in known]


def _beside(
    others: torch.optim.Optimizer,
    turned: Mapping[nn.Parameter, int],
    config: EstimatorTurnConfig | SelectorTurnConfig,
    momentum: float,
) -> torch.optim.Optimizer:
    if not turned:
        return others
    return Muon(turned, others, config.matrix_learning_rate / config.learning_rate, momentum)


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """The same learning rate for all parameters but those that an optimiser scales."""
    for group in optimizer.param_groups:
        group["lr"] = value * group.get("scale", 1.0)
