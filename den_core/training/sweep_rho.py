"""`python -m den_core.training.sweep_rho CHECKPOINT`: what ρ does, for one trained estimator.

A new selector is trained for every ρ (Eq. 5 per image, so the authors' values do not carry over) while the estimator
stands still, and measured on the validation split.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pandas as pd
import torch

from den_core.accounting import cost_table
from den_core.config import Recipe, from_json
from den_core.evaluation import distinct_per_600, evaluation_set, measure
from den_core.models.selector import Selector
from den_core.models.static import StaticEstimator
from den_core.network import DeepElasticNetwork, load
from den_core.seeding import step_generator
from den_core.training.alternate import (
    Execution,
    TrainingData,
    build_networks,
    make_fabric,
    make_loader,
    set_learning_rate,
    to_training_precision,
)
from den_core.training.run import load_training_data
from den_core.training.schedule import Turn, learning_rate
from den_core.training.selector_step import selector_step


def train_selector(recipe: Recipe, net: DeepElasticNetwork, data: TrainingData) -> Selector:
    """A selector from its start, trained for one turn of the recipe on a network's estimator."""
    config = recipe.training.selector
    fabric = make_fabric(recipe, Execution(Path(), accelerator="cpu"))
    _, selector = build_networks(recipe)
    if recipe.training.channels_last:
        selector.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(selector.parameters(), lr=config.learning_rate)
    table = cost_table(net.estimator, selector)
    wrapped, wrapped_optimizer = fabric.setup(selector, optimizer)
    estimator = StaticEstimator(net.estimator)
    to_training_precision(estimator, recipe.training)
    loader = make_loader(recipe, data.train, fabric.global_rank, fabric.device)
    turn = Turn("selector", 0, config.steps, 0)
    wrapped.train()
    for step in range(config.steps):
        set_learning_rate(optimizer, learning_rate(config.learning_rate, config.schedule, 1.0, turn, step))
        generator = step_generator(recipe.seed, "structures", step)
        selector_step(
            fabric, wrapped, wrapped_optimizer, estimator, loader.batch(step), table, 0.0, config, generator
        )
    return selector.eval()


def main() -> None:
    """Print a table: ρ, validation accuracy (percent, mean over tasks), share of the full MACs, structures in use."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rho", type=float, nargs="+", default=[0.03, 0.1, 0.3, 1.0, 3.0])
    parser.add_argument("--steps", type=int, default=None, help="selector steps; the recipe's if not given")
    arguments = parser.parse_args()
    net = load(arguments.checkpoint)
    recipe = from_json(Recipe, net.info.recipe, "recipe")
    loaded = load_training_data(recipe)
    rows = []
    for rho in arguments.rho:
        selector = dataclasses.replace(
            recipe.training.selector, rho=rho, final_rho=None, steps=arguments.steps or recipe.training.selector.steps
        )
        variant = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, selector=selector))
        trained = DeepElasticNetwork(net.estimator, train_selector(variant, net, loaded.data), net.info)
        rows.append({"rho": rho} | measure_choice(trained, loaded.data))
        print(rows[-1], flush=True)
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda v: f"{v:.3g}"))


def measure_choice(net: DeepElasticNetwork, data: TrainingData) -> dict[str, float]:
    """The selector's own choices on the validation split."""
    accuracy, share, chosen = [], [], {}
    for task in net.config.tasks:
        images = evaluation_set(net, task, data.validation[task.name])
        chosen[task.name] = net.choose(images.distribution)
        result = measure(net, images, chosen[task.name], with_selector=True)
        accuracy.append(100 * result.accuracy)
        share.append(result.mean_macs / float(net.full_cost(task.name).macs[0]))
    return {
        "accuracy": sum(accuracy) / len(accuracy),
        "share of full MACs": sum(share) / len(share),
        "distinct": distinct_per_600(chosen),
    }


if __name__ == "__main__":
    main()
