"""The images that a network is measured on: what its training held out, and the test split."""

from __future__ import annotations

from den_core.config import Recipe, from_json
from den_core.data.arrays import decode_rows, load_task, open_task
from den_core.data.splits import divide_tasks
from den_core.errors import ConfigError
from den_core.evaluation.measuring import (
    EvaluationSet,
    evaluation_set,
)
from den_core.inference.network import DeepElasticNetwork


def validation_sets(
    net: DeepElasticNetwork, limit: int | None = None, progress: bool = True
) -> dict[str, EvaluationSet]:
    """The validation images that the network's own training held out, or the first `limit` of every task's.

    No other image is decoded.

    Raises:
        ConfigError: the checkpoint does not say how it was trained.
    """
    if not net.info.recipe:
        raise ConfigError("expected a recipe in config.json, found none: which images were held out is not known")
    recipe = from_json(Recipe, net.info.recipe, "recipe")
    tasks = net.config.tasks
    sources = {task.name: open_task(task, "train") for task in tasks}
    rows = divide_tasks(tasks, sources, recipe.training.validation_share, recipe.data_seed)
    held_out = {task.name: rows[task.name][1][:limit] for task in tasks}
    return {
        task.name: evaluation_set(net, task, decode_rows(sources[task.name], task, held_out[task.name], progress))
        for task in tasks
    }


def test_sets(net: DeepElasticNetwork, limit: int | None = None, progress: bool = True) -> dict[str, EvaluationSet]:
    """The whole test split of every task, or its first `limit` rows."""
    return {
        task.name: evaluation_set(net, task, load_task(task, "test", limit=limit, progress=progress))
        for task in net.config.tasks
    }


setattr(test_sets, "__test__", False)  # noqa: B010 - pytest collects by name; this is no test
