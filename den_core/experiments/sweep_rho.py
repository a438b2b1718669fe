"""`den study sweep-rho CHECKPOINT`: what ρ does, for one trained estimator.

A new selector is trained for every ρ (Eq. 5 per image, so the authors' values do not carry over) while the estimator
stands still, and measured on the validation split. An estimator that had a last turn has narrowed to the structures of
its own selector, and offers little to any other; `--run` takes it as that turn found it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from den_core.checkpoints.metrics import RhoResult, require_metrics, write_metrics
from den_core.config import Recipe
from den_core.evaluation.measuring import EvaluationSet, distinct_per_600, evaluation_set, measure
from den_core.experiments.selector_only import labelled_selector, train_selector
from den_core.inference.network import DeepElasticNetwork
from den_core.training.setup import TrainingData
from den_core.typed_json import to_json

AS_IT_IS, BEFORE_LAST_TURN = "as it is", "before its last turn"
"The estimator that selectors were trained on, for people."


def sweep(
    net: DeepElasticNetwork,
    recipe: Recipe,
    data: TrainingData,
    values: Sequence[float],
    steps: int | None = None,
    report: Callable[[dict], None] = print,
) -> tuple[RhoResult, ...]:
    """One row per ρ, see `measure_choice`.

    Args:
        steps: of the selector's training; None takes the recipe's.
        report: called with a row when it is measured.
    """
    rows, labelled = [], labelled_selector(recipe, net, data)
    for rho in values:
        length = recipe.training.selector.steps if steps is None else steps
        selector = dataclasses.replace(recipe.training.selector, rho=rho, steps=length)
        variant = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, selector=selector))
        chooser = train_selector(variant, net, data, labelled)
        trained = DeepElasticNetwork(net.estimator, chooser, net.info, str(net.device))
        validation = {t.name: evaluation_set(trained, t, data.validation[t.name]) for t in trained.config.tasks}
        rows.append(RhoResult(rho, **measure_choice(trained, validation)))
        report(to_json(rows[-1]))
    return tuple(rows)


def measure_choice(net: DeepElasticNetwork, validation: dict[str, EvaluationSet]) -> dict[str, Any]:
    """The selector's own choices on the validation split.

    Returns:
        accuracy and share, of the full MACs with the selector included: fractions, mean over tasks; distinct_per_600.
    """
    accuracy, share, chosen = [], [], {}
    for name, images in validation.items():
        chosen[name] = net.choose(images.distribution)
        result = measure(net, images, chosen[name], with_selector=True)
        accuracy.append(result.accuracy)
        share.append(result.mean_macs / float(net.full_cost(name).macs[0]))
    return {
        "accuracy": sum(accuracy) / len(accuracy),
        "share": sum(share) / len(share),
        "distinct_per_600": distinct_per_600(chosen),
    }


def store(folder: Path, rows: tuple[RhoResult, ...], estimator: str) -> None:
    """Put a sweep into the folder's metrics.json, in place of an older one. CheckpointError if there is none.

    Args:
        estimator: which one it is about, AS_IT_IS or BEFORE_LAST_TURN.
    """
    metrics = require_metrics(folder)
    swept = dataclasses.replace(metrics, rho_sweep=rows, rho_sweep_split="validation", rho_sweep_estimator=estimator)
    write_metrics(folder, swept)


def table(rows: Sequence[RhoResult]) -> str:
    """ρ, validation accuracy (percent, mean over tasks), share of the full MACs, structures in use."""
    frame = pd.DataFrame(to_json(rows)).assign(accuracy=lambda table: 100 * table["accuracy"])
    frame = frame.rename(columns={"accuracy": "accuracy %", "share": "share of full MACs"})
    return frame.to_string(index=False, float_format=lambda v: f"{v:.3g}")
