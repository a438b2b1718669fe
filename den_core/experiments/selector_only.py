"""A selector trained on an estimator that stands still, as in a recipe's first round: for comparisons and sweeps."""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from den_core.config import Recipe, from_json
from den_core.inference.network import DeepElasticNetwork, load
from den_core.models.accounting import cost_table
from den_core.models.selector import Selector
from den_core.models.static import StaticEstimator
from den_core.recipes.starts import begin_selector
from den_core.seeding import step_generator
from den_core.training.optimisers import selector_optimizer, set_learning_rate
from den_core.training.resume import load_before_last_turn
from den_core.training.schedule import Turn, learning_rate
from den_core.training.selector_step import label_step, selector_step
from den_core.training.setup import (
    Execution,
    TrainingData,
    build_networks,
    make_fabric,
    make_loader,
    precision_on,
    to_training_precision,
)


def trained(checkpoint: Path, run: Path | None = None, device: str = "cpu") -> tuple[DeepElasticNetwork, Recipe]:
    """A checkpoint's network, whose estimator selectors are to be trained on, and its recipe.

    Args:
        run: folder of the run that made it: takes the network as it was when its last turn began.

    Raises:
        TrainingError: the run kept no such state, or is another recipe's.
    """
    net = load(checkpoint, device)
    recipe = from_json(Recipe, net.info.recipe, "recipe")
    if run is None:
        return net, recipe
    estimator, selector = build_networks(recipe)
    load_before_last_turn(run, recipe, {"estimator": estimator, "selector": selector})
    return DeepElasticNetwork(estimator, selector, net.info, device), recipe


def train_selector(
    recipe: Recipe, net: DeepElasticNetwork, data: TrainingData, labelled: Selector | None = None
) -> Selector:
    """A selector from its start, trained as in the recipe's first round, on a network's estimator.

    Args:
        labelled: what `labelled_selector` returned for a recipe that differs in the choice's training alone, which
            saves doing that part again; the result is the same.
    """
    config = recipe.training.selector
    selector = copy.deepcopy(labelled) if labelled is not None else labelled_selector(recipe, net, data)
    _train(recipe, net, data, selector.train(), Turn("selector", 0, config.steps, config.label_steps))
    return selector.eval()


def labelled_selector(recipe: Recipe, net: DeepElasticNetwork, data: TrainingData) -> Selector:
    """A selector before its first choice: at its start, with the auxiliary head trained if the recipe trains one."""
    config = recipe.training.selector
    _, selector = build_networks(recipe)
    if recipe.start:
        begin_selector(selector, net.estimator, recipe.start)
    if recipe.training.channels_last:
        selector.to(memory_format=torch.channels_last)
    if config.label_steps:
        _train(recipe, net, data, selector.train(), Turn("selector", 0, config.label_steps, 0, labels_only=True))
    return selector


def _train(recipe: Recipe, net: DeepElasticNetwork, data: TrainingData, selector: Selector, turn: Turn) -> None:
    config, dial_weight = recipe.training.selector, recipe.training.estimator.dial_weight
    fabric = make_fabric(recipe, Execution(Path(), accelerator=net.device.type))
    wrapped, optimizer = fabric.setup(selector, selector_optimizer(selector, config))
    table = cost_table(net.estimator, selector)
    estimator = StaticEstimator(net.estimator)
    to_training_precision(estimator, precision_on(fabric.device, recipe.training.precision))
    loader = make_loader(recipe, data.train, fabric.global_rank, fabric.device)
    for step in range(turn.steps):
        set_learning_rate(optimizer, learning_rate(config.learning_rate, config.schedule, 1.0, turn, step))
        batch = loader.batch(turn.start + step)
        if turn.labels_only:
            label_step(fabric, wrapped, optimizer, batch, table)
            continue
        generator = step_generator(recipe.seed, "structures", turn.start + step)
        selector_step(fabric, wrapped, optimizer, estimator, batch, table, 0.0, config, dial_weight, generator)
