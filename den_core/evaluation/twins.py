"""The twin that never looks: the same training, but for a last turn under permuted choices.

A network gets used to the choices that it is trained under, so that permuting them hurts it even where looking is worth
nothing. Its twin is used to permuted ones: own accuracy minus the twin's is what looking really pays.
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
from den_core.evaluation.dial import weight_for_macs
from den_core.evaluation.measuring import EvaluationSet, asked_again, decided
from den_core.evaluation.operating_points import Outcome, Point, measure_points
from den_core.inference.network import DeepElasticNetwork, load
from den_core.policy import Policy

TWIN_FIELD = "training.estimator.permuted"
"The field of a recipe in which twins differ."


def load_twin(net: DeepElasticNetwork, folder: Path) -> DeepElasticNetwork:
    """The twin of a network. Trained alike, it has held out the same images.

    Raises:
        ConfigError: the tasks, the backbone, the data or any field of the recipe but TWIN_FIELD differ, that field is
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
    if not recipe_of(twin.info, folder).training.estimator.permuted:
        raise ConfigError(
            f"{folder}: expected a twin, with {TWIN_FIELD} True in its recipe, found False; `den study twin` makes one"
        )
    check_trained_alike(net.info, twin.info, folder, own, free=[TWIN_FIELD])
    return twin


def check_may_have_twin(recipe: Recipe, whose: str) -> None:
    """ConfigError, naming whose recipe it is, if it has no last turn that a twin could change, or is a twin's."""
    turns = recipe.training.estimator
    if turns.permuted:
        raise ConfigError(f"expected {TWIN_FIELD} False in {whose}, found True: it is a twin itself")
    if not turns.last_steps:
        raise ConfigError(f"expected last_steps of at least 1 in {whose}, found 0: without a last turn it has no twin")


def measure_twin(
    twin: DeepElasticNetwork,
    data: dict[str, EvaluationSet],
    validation: dict[str, EvaluationSet],
    mean_macs: float,
    draws: int,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """The twin on the images of its network, under the permuted choices of its own selector, at equal MACs.

    They are permuted as the network's own are for its control (see `controls.permutations`). What never looks needs no
    selector: none is charged, its blocks may spend what that saves, and nothing is answered early.

    Args:
        validation: images on which the cost weight is found at which the twin's blocks spend `mean_macs`.
        mean_macs: of the network's own choice, everything included.
        draws: how many permutations; the mean over them counts.
        report: called with a line from time to time.
    """
    blind = twin.calibrated(None)
    own, held_out = ({name: asked_again(blind, part[name]) for name in part} for part in (data, validation))
    weight = weight_for_macs(blind, held_out, mean_macs, with_selector=False)
    chosen = {name: decided(blind, images, Policy(weight)).structure for name, images in own.items()}
    permuted = {name: torch.stack(permutations(z, name, draws, seed), 1) for name, z in chosen.items()}
    point = Point(TWIN, None, permuted, False)
    return measure_points(blind, own, {TWIN: point}, lambda line: report(f"{TWIN}, {line}"))[TWIN]
