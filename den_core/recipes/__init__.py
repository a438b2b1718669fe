"""Complete training configurations by name. A new one is a row of one of the tables here."""

from __future__ import annotations

import dataclasses

from den_core.config import Recipe, TaskConfig
from den_core.data.sources import download_source
from den_core.data.tasks import PUBLISHED, SCENARIOS, TASKS, task_from_source
from den_core.errors import ConfigError, unknown
from den_core.models.registry import find_backbone
from den_core.recipes import ablations, open3, published
from den_core.recipes.baseline import baseline
from den_core.recipes.row import Row
from den_core.recipes.training import scaled

ROWS: dict[str, Row] = open3.ROWS | published.ROWS | ablations.ROWS
BASELINE = "-baseline-"
"Between a recipe's name and a task's: a separate network for that task."


def recipe(name: str, tasks: tuple[TaskConfig, ...] = (), backbone: str = "") -> Recipe:
    """The recipe of that name: one of ROWS, or RECIPE-baseline-TASK.

    Args:
        backbone: another than the recipe's.
        tasks: other tasks than the recipe's own, which are then not looked for.

    Raises:
        ConfigError: no such recipe or task; similar names are given.
        DataError: a published set that the recipe learns is not where it is expected.
    """
    base, separator, task = name.partition(BASELINE)
    check_recipe(name)
    made = ROWS[base].recipe(base, tasks, backbone)
    return baseline(made, task) if separator else made


def check_recipe(name: str) -> None:
    """ConfigError with similar names if there is no such recipe. No data set is looked for."""
    base, separator, task = name.partition(BASELINE)
    if base not in ROWS:
        raise ConfigError(unknown("recipes", name, ROWS))
    tasks = SCENARIOS[ROWS[base].scenario]
    if separator and task not in tasks:
        raise ConfigError(unknown(f"tasks of {base}", task, tasks))


def recipe_with(
    name: str,
    tasks: list[str] | None = None,
    backbone: str | None = None,
    rho: float | None = None,
    seed: int = 0,
    steps: int | None = None,
    download: bool = False,
) -> Recipe:
    """A recipe with a user's choices.

    Args:
        tasks: "NAME=SOURCE@SIZE" each; None or an empty list keeps the recipe's.
        backbone, rho, steps: None keeps the recipe's; `steps` are the estimator's first turn's, and the other turns
            keep their proportion to it.
        download: whether CIFAR and STL-10 are downloaded where the recipe learns them and they are not there yet.

    Raises:
        ConfigError, DataError: as `recipe`, `parse_task` and `find_backbone`.
    """
    check_recipe(name)
    if backbone:
        find_backbone(backbone)  # a wrong name is reported before any image is decoded
    if download:
        for source in _sources(name, tasks):
            download_source(source)
    made = recipe(name, tuple(parse_task(text) for text in tasks or ()), backbone or "")
    training = made.training if steps is None else scaled(made.training, steps)
    if rho is not None:
        selector = dataclasses.replace(training.selector, rho=rho)
        training = dataclasses.replace(training, selector=selector)
    return dataclasses.replace(made, training=training, seed=seed)


def _sources(name: str, tasks: list[str] | None) -> list[str]:
    """What is learned from, none of it opened yet: a user's tasks, or those of a recipe."""
    if tasks:
        return [_split_task(text)[1] for text in tasks]
    scenario = SCENARIOS[ROWS[name.partition(BASELINE)[0]].scenario]
    return [(TASKS | PUBLISHED)[task].source for task in scenario]


def parse_task(text: str) -> TaskConfig:
    """A task from "NAME=SOURCE@SIZE", such as "pets=folder:data/pets@64". ConfigError says what is wrong."""
    return task_from_source(*_split_task(text))


def _split_task(text: str) -> tuple[str, str, int]:
    """Name, source and size."""
    name, equals, rest = text.partition("=")
    source, at, size = rest.rpartition("@")
    if not (equals and at and size.isdigit()):
        raise ConfigError(f"expected a task as NAME=SOURCE@SIZE, such as pets=folder:data/pets@64, found {text!r}")
    return name, source, int(size)
