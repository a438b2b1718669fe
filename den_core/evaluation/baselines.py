"""The paper's Baseline: for every task a network of its own that always runs in full and pays for no selector."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from den_core.checkpoints.comparable import check_task, recipe_of
from den_core.checkpoints.metrics import BASELINE, OperatingPoint, TaskResult
from den_core.errors import ConfigError
from den_core.evaluation.measuring import EvaluationSet, measure
from den_core.evaluation.operating_points import operating_point
from den_core.inference.network import DeepElasticNetwork, load
from den_core.structures import full_structure


def load_baselines(net: DeepElasticNetwork, folders: Sequence[Path], split: str) -> dict[str, DeepElasticNetwork]:
    """The networks of checkpoints with one task each, by task, in the order of the tasks of `net`.

    Args:
        split: what will be measured; for "validation" the baselines must have held out the images that `net` did.

    Returns:
        Nothing for no folder.

    Raises:
        ConfigError: a folder does not hold exactly one task of `net`, two hold the same, or a task has none.
        CheckpointError: a folder cannot be loaded.
    """
    found: dict[str, DeepElasticNetwork] = {}
    for folder in folders:
        baseline = load(folder, str(net.device))
        if len(baseline.tasks) != 1:
            raise ConfigError(
                f"{folder}: expected a baseline with one task, found {len(baseline.tasks)}: {', '.join(baseline.tasks)}"
            )
        name = baseline.tasks[0]
        if name not in net.tasks:
            raise ConfigError(f"{folder}: expected a baseline for one of {', '.join(net.tasks)}, found one for {name}")
        if name in found:
            raise ConfigError(f"{folder}: expected one baseline per task, found a second one for {name}")
        check_task(folder, net.task(name), baseline.task(name))
        if split == "validation":
            _check_held_out(folder, net, baseline)
        found[name] = baseline
    missing = [name for name in net.tasks if name not in found]
    if found and missing:
        raise ConfigError(
            f"expected a baseline for every task, found none for {', '.join(missing)}; give one folder per task"
        )
    return {name: found[name] for name in net.tasks if found}


def _check_held_out(folder: Path, net: DeepElasticNetwork, baseline: DeepElasticNetwork) -> None:
    """Both must have divided the training data alike, or the baseline has learned what it is measured on."""
    recipes = [recipe_of(net.info, "the network that is measured"), recipe_of(baseline.info, folder)]
    expected, found = ((recipe.data_seed, recipe.training.validation_share) for recipe in recipes)
    if expected != found:
        raise ConfigError(
            f"{folder}: expected a baseline that held out the same images (data_seed, validation_share = {expected}), "
            f"found {found}; measure on the test split"
        )


def baseline_point(
    baselines: Mapping[str, DeepElasticNetwork], data: Mapping[str, EvaluationSet], method: str = BASELINE
) -> OperatingPoint:
    """The operating point of baselines by task, on the images of the network that they are compared with.

    Args:
        method: NARROW for networks that are narrower than the one that they are compared with.

    MACs and parameters are those of each baseline's own full structure, without a selector.
    """
    results: dict[str, TaskResult] = {}
    for name, baseline in baselines.items():
        own = dataclasses.replace(data[name], task=baseline.task(name))  # normalised as it was trained
        z = full_structure(len(own.labels), baseline.num_blocks, baseline.num_levels)
        results[name] = measure(baseline, own, z, with_selector=False)
    return operating_point(method, None, results)
