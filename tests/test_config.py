"""Configurations survive JSON, and say what is wrong with them."""

import dataclasses
import json

import pytest

from den_core.config import (
    BackboneConfig,
    EstimatorTurnConfig,
    NetworkConfig,
    Recipe,
    SelectorConfig,
    SelectorTurnConfig,
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
STAGES = {"estimator": EstimatorTurnConfig(first_steps=1, round_steps=1), "selector": SelectorTurnConfig(steps=1)}

AT_ODDS = {
    "task name": ("made of letters", lambda: TaskConfig(**TASK | {"name": "../up"})),
    "content": ("content_size at most size=32, found 40", lambda: TaskConfig(**TASK | {"content_size": 40})),
    "one class": ("at least two classes", lambda: TaskConfig(**TASK | {"class_names": ("a",)})),
    "same classes": ("differ from each other", lambda: TaskConfig(**TASK | {"class_names": ("a", "a")})),
    "falling levels": ("rising level fractions", lambda: BackboneConfig(level_fractions=(0.5, 0.25, 1.0))),
    "levels below one": ("rising level fractions", lambda: BackboneConfig(level_fractions=(0.0, 0.5))),
    "no task": ("at least one task", lambda: NetworkConfig(backbone=BackboneConfig(), tasks=())),
    "temperature": ("with a critic where temperature", lambda: SelectorConfig(temperature=0.1)),
    "shares": (
        "found 0.7 and 0.5",
        lambda: EstimatorTurnConfig(first_steps=1, round_steps=1, full_share=0.7, uniform_share=0.5),
    ),
    "one sample": ("at least 2 samples", lambda: SelectorTurnConfig(steps=1, samples=1)),
}
"What no field alone is wrong about; what each may hold is the subject of test_fields."


@pytest.mark.parametrize("name", AT_ODDS)
def test_fields_that_do_not_go_together_are_refused(name):
    said, make = AT_ODDS[name]

    with pytest.raises(ConfigError, match=said):
        make()


ESTIMATOR = {"first_steps": 1, "round_steps": 1}


@pytest.mark.parametrize(
    "kind, needed, field, value",
    [
        (EstimatorTurnConfig, ESTIMATOR, "schedule", "bananas"),
        (EstimatorTurnConfig, ESTIMATOR, "execution", "sideways"),
        (EstimatorTurnConfig, ESTIMATOR, "first_structures", "nowhere"),
        (EstimatorTurnConfig, ESTIMATOR, "label_smoothing", 7),
        (EstimatorTurnConfig, ESTIMATOR, "momentum", -3),
        (EstimatorTurnConfig, ESTIMATOR, "weight_decay", -1),
        (EstimatorTurnConfig, ESTIMATOR, "learning_rate", -1),
        (SelectorTurnConfig, {"steps": 1}, "control_variate", "typo"),
        (TrainingConfig, {"rounds": 1, **STAGES}, "precision", "64-fantasy"),
        (TrainingConfig, {"rounds": 1, **STAGES}, "batch_size", -4),
        (TrainingConfig, {"rounds": 1, **STAGES}, "erase", 9),
    ],
)
def test_a_typing_error_trains_nothing(kind, needed, field, value):
    with pytest.raises(ConfigError, match=f"^expected {field} .*, found {value!r}"):
        kind(**needed, **{field: value})


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda raw: raw["training"]["estimator"].update(schedule="stepps"), "config.training.estimator: .*'steps'"),
        (lambda raw: raw["training"].update(estimator=3), "config.training.estimator: expected an object, found 3"),
        (lambda raw: raw["network"]["tasks"][2].update(size=True), r"config.network.tasks\[2\]: expected size of type"),
        (lambda raw: raw["network"]["tasks"][0]["mean"].append(0.5), r"tasks\[0\]: expected mean with 3 values"),
        (lambda raw: raw["network"].update(tasks={}), "config.network: expected tasks of type tuple, found {}"),
        (lambda raw: raw.update(seed=0.5), "config: expected seed of type int, found 0.5"),
    ],
)  # fmt: skip
def test_an_error_in_json_names_its_place(change, said):
    raw = json.loads(json.dumps(to_json(recipe("open3-fast"))))
    change(raw)

    with pytest.raises(ConfigError, match=said):
        from_json(Recipe, raw)


def test_whole_numbers_in_json_may_be_floats():
    raw = json.loads(json.dumps(to_json(recipe("open3-fast"))))
    raw["training"]["selector"]["rho"] = 1
    raw["network"]["backbone"]["level_fractions"] = [0, 0.25, 0.5, 1]

    made = from_json(Recipe, raw)

    assert made.network == recipe("open3-fast").network
    assert type(made.training.selector.rho) is type(made.network.backbone.level_fractions[0]) is float


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
