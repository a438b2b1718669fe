"""`python -m den_core.experiments.sweep_rho CHECKPOINT`: what ρ does, for one trained estimator.

A new selector is trained for every ρ (Eq. 5 per image, so the authors' values do not carry over) while the estimator
stands still, and measured on the validation split. An estimator that had a last turn has narrowed to the structures of
its own selector, and offers little to any other; `--run` takes it as that turn found it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from den_core.checkpoints.metrics import RhoResult, require_metrics, write_metrics
from den_core.cli.console import exit_code
from den_core.config import Recipe, from_json
from den_core.evaluation.measuring import EvaluationSet, distinct_per_600, evaluation_set, measure
from den_core.experiments.selector_only import before_last_turn, labelled_selector, train_selector
from den_core.inference.network import DeepElasticNetwork, load
from den_core.training.run import load_training_data
from den_core.training.setup import TrainingData
from den_core.typed_json import to_json

AS_IT_IS, BEFORE_LAST_TURN = "as it is", "before its last turn"
"The estimator that selectors were trained on, for people."


def sweep(
    net: DeepElasticNetwork, recipe: Recipe, data: TrainingData, values: Sequence[float], steps: int | None = None
) -> tuple[RhoResult, ...]:
    """One row per ρ, see `measure_choice`. `steps` of the selector's training; None takes the recipe's."""
    rows, labelled = [], labelled_selector(recipe, net, data)
    for rho in values:
        selector = dataclasses.replace(
            recipe.training.selector, rho=rho, final_rho=None, steps=steps or recipe.training.selector.steps
        )
        variant = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, selector=selector))
        trained = DeepElasticNetwork(net.estimator, train_selector(variant, net, data, labelled), net.info)
        validation = {t.name: evaluation_set(trained, t, data.validation[t.name]) for t in trained.config.tasks}
        rows.append(RhoResult(rho, **measure_choice(trained, validation)))
        print(to_json(rows[-1]), flush=True)
    return tuple(rows)


def measure_choice(net: DeepElasticNetwork, validation: dict[str, EvaluationSet]) -> dict[str, float]:
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
    swept = {"rho_sweep": rows, "rho_sweep_split": "validation", "rho_sweep_estimator": estimator}
    write_metrics(folder, dataclasses.replace(metrics, **swept))


def main(arguments: list[str] | None = None) -> None:
    """Print a table: ρ, validation accuracy (percent, mean over tasks), share of the full MACs, structures in use."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--run", type=Path, help="folder of the run: takes the estimator as before the last turn")
    parser.add_argument("--rho", type=float, nargs="+", default=[0.03, 0.1, 0.3, 1.0, 3.0])
    parser.add_argument("--steps", type=int, default=None, help="selector steps; the recipe's if not given")
    parser.add_argument("--write", action="store_true", help="store the table in the checkpoint's metrics.json")
    command = parser.parse_args(arguments)
    net = load(command.checkpoint)
    if command.write:
        require_metrics(command.checkpoint)  # what cannot be stored is told before an hour of training
    recipe = from_json(Recipe, net.info.recipe, "recipe")
    if command.run:
        net = before_last_turn(net, recipe, command.run)
    rows = sweep(net, recipe, load_training_data(recipe).data, command.rho, command.steps)
    if command.write:
        store(command.checkpoint, rows, BEFORE_LAST_TURN if command.run else AS_IT_IS)
    frame = pd.DataFrame(to_json(rows)).assign(accuracy=lambda table: 100 * table["accuracy"])
    frame = frame.rename(columns={"accuracy": "accuracy %", "share": "share of full MACs"})
    print(frame.to_string(index=False, float_format=lambda v: f"{v:.3g}"))


if __name__ == "__main__":
    sys.exit(exit_code(main))
