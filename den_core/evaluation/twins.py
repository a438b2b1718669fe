"""The twin that never looks: the same training, whose last turn dealt the same structures out at random.

A network gets used to the choices that it is trained under, so that shuffling them hurts it even where looking is worth
nothing. Its twin is used to shuffled ones: own accuracy minus the twin's is what looking really pays.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from den_core.checkpoints.comparable import check_task, check_trained_alike, recipe_of
from den_core.checkpoints.metrics import TWIN
from den_core.config import Recipe
from den_core.errors import ConfigError
from den_core.evaluation.controls import permutations
from den_core.evaluation.measuring import EvaluationSet, asked_again
from den_core.evaluation.operating_points import Outcome, Point, measure_points
from den_core.inference.network import DeepElasticNetwork, load

SHUFFLED = "training.estimator.shuffled"
"The field of a recipe in which twins differ."


def load_twin(net: DeepElasticNetwork, folder: Path) -> DeepElasticNetwork:
    """The twin of a network. Trained alike, it has held out the same images.

    Raises:
        ConfigError: the tasks, the backbone, the data or any other field of the recipe but SHUFFLED differ, SHUFFLED is
            not False in the network and True in the twin, or there is no last turn that it could change.
        CheckpointError: the folder cannot be loaded.
    """
    twin = load(folder, str(net.device))
    if twin.tasks != net.tasks:
        raise ConfigError(
            f"{folder}: expected a twin with the tasks {', '.join(net.tasks)}, found {', '.join(twin.tasks)}"
        )
    for name in net.tasks:
        check_task(folder, net.task(name), twin.task(name))
    if twin.config.backbone != net.config.backbone:
        raise ConfigError(f"{folder}: expected a twin with {net.config.backbone}, found {twin.config.backbone}")
    own = "the network that is measured"
    check_may_have_twin(recipe_of(net.info, own), own)
    if not recipe_of(twin.info, folder).training.estimator.shuffled:
        raise ConfigError(
            f"{folder}: expected a twin, with {SHUFFLED} True in its recipe, found False; `den study twin` makes one"
        )
    check_trained_alike(net.info, twin.info, folder, own, free=[SHUFFLED])
    return twin


def check_may_have_twin(recipe: Recipe, whose: str) -> None:
    """ConfigError, naming whose recipe it is, if it has no last turn that a twin could change, or is a twin's."""
    stage = recipe.training.estimator
    if stage.shuffled:
        raise ConfigError(f"expected {SHUFFLED} False in {whose}, found True: it is a twin itself")
    if not stage.last_steps:
        raise ConfigError(f"expected last_steps of at least 1 in {whose}, found 0: without a last turn it has no twin")


def measure_twin(
    twin: DeepElasticNetwork,
    data: dict[str, EvaluationSet],
    draws: int,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """The twin on the images of its network, under the structures of its own selector, dealt out at random.

    They are dealt as the permuted control deals the network's own (see `controls.permutations`). The cost includes the
    selector.

    Args:
        draws: how often they are dealt; the mean counts.
        report: called with a line from time to time.
    """
    own = {name: asked_again(twin, images) for name, images in data.items()}
    chosen = {name: twin.choose(images.distribution) for name, images in own.items()}
    dealt = {name: torch.stack(permutations(z, name, draws, seed), 1) for name, z in chosen.items()}
    point = Point(TWIN, None, dealt, True)
    return measure_points(twin, own, {TWIN: point}, lambda line: report(f"{TWIN}, {line}"))[TWIN]
