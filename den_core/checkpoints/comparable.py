"""Whether checkpoints may stand beside each other: the same images, divided alike, trained alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from den_core.checkpoints.folder import CheckpointInfo
from den_core.config import Recipe, TaskConfig, from_json, to_json
from den_core.errors import ConfigError

SAME = ("source", "size", "class_names", "content_size", "crop_from", "background", "grayscale")
"Fields of a task that decide which images it has, how they are fitted, and what they are called."
WITHOUT_EFFECT = (
    "name", "description", "training.report_every", "training.save_every", "training.estimator.execution"
)  # fmt: skip
"Fields of a recipe that leave the trained weights as they are, up to the rounding of sums."
DATA = ("data_sha256", "training_images", "validation_images")
"What the provenance says of the data that a network was trained on."


def check_task(folder: Path, expected: TaskConfig, task: TaskConfig) -> None:
    """ConfigError, naming the folder of `task`, where a task of the same name is about other images."""
    for field in SAME:
        wanted, has = getattr(expected, field), getattr(task, field)
        if wanted != has:
            raise ConfigError(f"{folder}: expected task {task.name} with {field} {wanted!r:.80}, found {has!r:.80}")


def recipe_of(info: CheckpointInfo, whose: Path | str) -> Recipe:
    """The recipe that a checkpoint was trained by. ConfigError, naming whose it is, if it does not say."""
    if not info.recipe:
        raise ConfigError(f"{whose}: expected a recipe in config.json, found none: how it was trained is not known")
    return from_json(Recipe, info.recipe, f"{whose}: recipe")


def check_trained_alike(
    expected: CheckpointInfo, found: CheckpointInfo, whose: Path, beside: Path | str, free: Collection[str] = ()
) -> None:
    """ConfigError that names the first field in which two trainings differ, in their recipes or their data.

    Args:
        whose, beside: where `found` and `expected` come from, for the message.
        free: fields that may differ beside those WITHOUT_EFFECT, such as "training.estimator.permuted".
    """
    wanted, has = (dict(_leaves(_training(*pair))) for pair in ((expected, beside), (found, whose)))
    for field in (field for field in wanted | has if field not in {*WITHOUT_EFFECT, *free}):
        a, b = (repr(side[field]) if field in side else "none" for side in (wanted, has))
        if a != b:
            raise ConfigError(f"{whose}: expected {field} {a:.80} as in {beside}, found {b:.80}")


def _training(info: CheckpointInfo, whose: Path | str) -> dict[str, Any]:
    data = {key: info.provenance[key] for key in DATA if key in info.provenance}
    return to_json(recipe_of(info, whose)) | {"provenance": data}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in nested objects that is none itself, by its path, such as network.tasks.0.size."""
    if isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        yield path, value
        return
    for key, part in value.items():
        yield from _leaves(part, f"{path}.{key}" if path else f"{key}")
