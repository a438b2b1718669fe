"""Somebody's own pictures on a pretrained network: a recipe that needs no choice but these two."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from den_core.config import BackboneConfig, NetworkConfig, Recipe, TaskConfig
from den_core.data.sources import open_source
from den_core.errors import DataError
from den_core.models.registry import find_backbone
from den_core.recipes.open3 import lite0_training
from den_core.recipes.starts import find_start, prepared
from den_core.recipes.training import TEMPERATURE, fast_selector, scaled

BATCH = 38
"Images of a step, shared out evenly."
EPOCHS = 8
"How often the turn in full is to show every image."
STEPS = (200, 900)
"Of the turn in full, at least and at most."


def check_images(tasks: Sequence[TaskConfig]) -> dict[str, int]:
    """How many images there are to train on, by task, once both splits are known to fit.

    Raises:
        DataError: a split is missing or malformed, has other classes, or fewer images than classes.
    """
    counts = {}
    for task in tasks:
        train, test = open_source(task.source, "train"), open_source(task.source, "test")
        if train.class_names != test.class_names:
            other = sorted({*train.class_names} ^ {*test.class_names}) or ["their order"]
            raise DataError(f"task {task.name}: expected the same classes in train and test, found {other[0]!r} in one")
        if len(train.labels) < max(2 * task.num_classes, 2):
            raise DataError(
                f"task {task.name}: expected at least two images to train on for each of {task.num_classes} classes, "
                f"found {len(train.labels)}; add images, or leave classes out with #"
            )
        counts[task.name] = len(train.labels)
    return counts


def elastic_recipe(start: str, tasks: Sequence[TaskConfig], images: Mapping[str, int], seed: int = 0) -> Recipe:
    """A recipe that makes a pretrained network elastic and fine-tunes it.

    Args:
        start: a pretrained network, "LIBRARY:NAME" or "LIBRARY:NAME=FILE".
        tasks: as `parse_task` makes them.
        images: to train on, by task.

    Raises:
        ConfigError: no such network.
    """
    name, found, _ = find_start(start)
    per_task = max(2, BATCH // len(tasks))
    training = lite0_training()
    wanted = EPOCHS * max(images.values()) / per_task
    full = round(min(max(wanted, STEPS[0]), STEPS[1]))
    estimator = training.estimator
    training = scaled(training, round(full * estimator.first_steps / estimator.full_steps))
    levels = BackboneConfig(name=found.backbone, level_fractions=find_backbone(found.backbone).level_fractions)
    return Recipe(
        name="elastic",
        description=f"{', '.join(task.label for task in tasks)} on a pretrained {name}",
        network=NetworkConfig(
            backbone=levels,
            tasks=tuple(prepared(task, start) for task in tasks),
            selector=fast_selector(TEMPERATURE),
        ),
        training=dataclasses.replace(training, batch_size=per_task),
        seed=seed,
        start=start,
    )
