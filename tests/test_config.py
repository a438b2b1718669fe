"""Configurations survive JSON, and say what is wrong with them."""

import dataclasses
import json

import pytest

from den_core.config import (
    BackboneConfig,
    EstimatorStageConfig,
    NetworkConfig,
    Recipe,
    SelectorStageConfig,
    TaskConfig,
    TrainingConfig,
    from_json,
    to_json,
)
from den_core.errors import ConfigError
from den_core.recipes import ROWS, parse_task, recipe, recipe_with
from den_core.recipes.smoke import smoke


@pytest.mark.parametrize("name", [*ROWS, "open3-fast-baseline-emoji", "m3-wrn32-4-baseline-coarse"])
def test_every_recipe_comes_back_from_json(name, published_data):
    for original in (recipe(name), smoke(recipe(name))):
        assert from_json(Recipe, json.loads(json.dumps(to_json(original)))) == original


TASK = {"name": "t", "source": "digits", "size": 32, "content_size": 32, "class_names": ("a", "b")}
STAGES = {"estimator": EstimatorStageConfig(first_steps=1, round_steps=1), "selector": SelectorStageConfig(steps=1)}

OUT_OF_RANGE = {
    "task name": ("made of letters", lambda: TaskConfig(**TASK | {"name": "../up"})),
    "size": ("size of 8 to 1024", lambda: TaskConfig(**TASK | {"size": 4})),
    "content": ("content_size from 1 to size=32, found 40", lambda: TaskConfig(**TASK | {"content_size": 40})),
    "one class": ("at least two classes", lambda: TaskConfig(**TASK | {"class_names": ("a",)})),
    "same classes": ("differ from each other", lambda: TaskConfig(**TASK | {"class_names": ("a", "a")})),
    "deviation": ("positive standard deviations", lambda: TaskConfig(**TASK | {"std": (1.0, 0.0, 1.0)})),
    "background": ("0 to 255", lambda: TaskConfig(**TASK | {"background": 256})),
    "falling levels": ("rising level fractions", lambda: BackboneConfig(level_fractions=(0.5, 0.25, 1.0))),
    "levels below one": ("rising level fractions", lambda: BackboneConfig(level_fractions=(0.0, 0.5))),
    "no task": ("at least one task", lambda: NetworkConfig(backbone=BackboneConfig(), tasks=())),
    "tau": ("tau from 0 to 1, found 2", lambda: EstimatorStageConfig(first_steps=1, round_steps=1, tau=2)),
    "shares": (
        "found 0.7 and 0.5",
        lambda: EstimatorStageConfig(first_steps=1, round_steps=1, full_share=0.7, uniform_share=0.5),
    ),
    "one sample": ("at least 2 samples", lambda: SelectorStageConfig(steps=1, samples=1)),
    "rho": ("rho >= 0", lambda: SelectorStageConfig(steps=1, rho=-0.1)),
    "floor": ("probability_floor in \\[0, 1\\)", lambda: SelectorStageConfig(steps=1, probability_floor=1.0)),
    "rounds": ("at least one round", lambda: TrainingConfig(rounds=0, **STAGES)),
    "validation": ("validation_share in \\(0, 1\\)", lambda: TrainingConfig(rounds=1, validation_share=0, **STAGES)),
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused(name):
    said, make = OUT_OF_RANGE[name]

    with pytest.raises(ConfigError, match=said):
        make()


def test_batch_sizes_must_name_the_tasks():
    base = recipe("open3-fast")
    training = dataclasses.replace(base.training, batch_size={"fashion": 8})

    with pytest.raises(ConfigError, match="a batch size for each of"):
        dataclasses.replace(base, training=training)


def test_shared_statistics_cannot_be_trained_dispatched():
    base = recipe("open3-fast")
    backbone = dataclasses.replace(base.network.backbone, norm_statistics="shared")

    with pytest.raises(ConfigError, match="which need the whole batch"):
        dataclasses.replace(base, network=dataclasses.replace(base.network, backbone=backbone))


def test_options_change_what_they_name_and_nothing_else():
    base = recipe("open3-fast")

    changed = recipe_with("open3-fast", backbone="wrn-8-1", rho=0.7, seed=5)

    assert changed.network.backbone.name == "wrn-8-1" and changed.seed == 5
    assert changed.training.selector.rho == 0.7
    assert changed.training.estimator == base.training.estimator and changed.network.tasks == base.network.tasks
    assert recipe_with("open3-fast") == base


def test_own_tasks_replace_the_recipes():
    changed = recipe_with("open3-fast", ["mine=digits@64"])

    task = changed.network.tasks[0]
    assert (len(changed.network.tasks), task.name, task.source, task.size) == (1, "mine", "digits", 64)
    assert task.num_classes == 10 and changed.training.batch_of("mine") > 0


@pytest.mark.parametrize("text", ["pets", "pets=folder:x", "pets=folder:x@big", "pets@64"])
def test_a_task_must_be_written_out(text):
    with pytest.raises(ConfigError, match="NAME=SOURCE@SIZE"):
        parse_task(text)
