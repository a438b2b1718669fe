"""Trainings that may stand beside each other, and the first field that tells two apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from den_core.checkpoints.comparable import check_trained_alike, recipe_of
from den_core.checkpoints.folder import CheckpointInfo, list_checkpoints, read_config
from den_core.config import to_json
from den_core.errors import ConfigError
from den_core.recipes import recipe

PROVENANCE = {"data_sha256": {"digits": "ab"}, "training_images": {"digits": 90}, "commit": "1234"}


@pytest.fixture
def info() -> CheckpointInfo:
    base = recipe("digits-fast")
    return CheckpointInfo(base.network, to_json(base), PROVENANCE)


def changed(info: CheckpointInfo, path: str, value: object) -> CheckpointInfo:
    """The same with one field of its recipe or provenance set."""
    raw = {"recipe": to_json(recipe_of(info, "it")), "provenance": {**info.provenance}}
    *way, last = path.split(".")
    place = raw
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    return dataclasses.replace(info, **raw)


def test_what_trains_alike_may_be_called_anything_and_come_from_any_commit(info):
    other = changed(changed(changed(info, "recipe.name", "mine"), "recipe.description", "x"), "provenance.commit", "5")
    stage = info.recipe["training"]["estimator"]["execution"]
    other = changed(other, "recipe.training.estimator.execution", {"masked": "dispatched"}.get(stage, "masked"))
    other = changed(other, "recipe.training.report_every", 17)

    check_trained_alike(info, other, Path("b"), "a")


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("recipe.seed", 3, "b: expected seed 0 as in a, found 3"),
        ("recipe.training.selector.rho", 0.7, "b: expected training.selector.rho .* as in a, found 0.7"),
        ("recipe.network.tasks.0.size", 64, "expected network.tasks.0.size 32 as in a, found 64"),
        ("recipe.training.batch_size", {"digits": 4}, "expected training.batch_size .* as in a, found none"),
        ("provenance.data_sha256", {"digits": "cd"}, "provenance.data_sha256.digits 'ab' as in a, found 'cd'"),
        ("provenance.validation_images", {"digits": 9}, "provenance.validation_images.digits none as in a, found 9"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_the_first_field_that_differs_is_named(path, value, said, info):
    with pytest.raises(ConfigError, match=said) as error:
        check_trained_alike(info, changed(info, path, value), Path("b"), "a")

    assert "\n" not in str(error.value)
    free = path.removeprefix("recipe.")
    if path.startswith("recipe") and not isinstance(value, dict):
        check_trained_alike(info, changed(info, path, value), Path("b"), "a", free=[free])


def test_an_older_recipe_has_todays_defaults(info):
    older = changed(info, "recipe.name", "older")
    del older.recipe["training"]["estimator"]["permuted"]

    check_trained_alike(info, older, Path("b"), "a")


def test_an_older_name_of_a_field_is_todays(info):
    older = changed(info, "recipe.name", "older")
    older.recipe["training"]["estimator"]["shuffled"] = older.recipe["training"]["estimator"].pop("permuted")

    check_trained_alike(info, older, Path("b"), "a")


OLDER = {"inherit": False, "final_rho": None, "risk": "cross_entropy", "residual_weight": 1.0, "dial_weight": 30.0}
"Fields of the selector's turns that are no more, as every recipe had them."


def with_selector_fields(info: CheckpointInfo, **fields) -> CheckpointInfo:
    older = changed(info, "recipe.name", "older")
    older.recipe["training"]["selector"] |= fields
    return older


def test_an_older_recipe_may_have_fields_that_are_no_more(info):
    older = with_selector_fields(info, **OLDER)

    assert recipe_of(older, "b") == dataclasses.replace(recipe_of(info, "a"), name="older")


@pytest.mark.parametrize(
    "field, value",
    [("inherit", True), ("final_rho", 0.3), ("risk", "error"), ("residual_weight", 0.5), ("dial_weight", 20.0)],
)
def test_an_older_recipe_that_cannot_be_trained_any_more_is_refused(field, value, info):
    said = f"b: recipe.training.selector: expected {field} {OLDER[field]!r}, .* found {value!r}"

    with pytest.raises(ConfigError, match=said):
        recipe_of(with_selector_fields(info, **OLDER | {field: value}), "b")


def test_a_cost_weight_of_the_selectors_own_must_be_the_estimators(info):
    both = changed(info, "recipe.training.estimator.dial_weight", 20.0)

    assert recipe_of(with_selector_fields(both, dial_weight=20.0), "b").training.estimator.dial_weight == 20
    with pytest.raises(ConfigError, match="expected dial_weight 20.0, .* found 30.0"):
        recipe_of(with_selector_fields(both, dial_weight=30.0), "b")


@pytest.mark.parametrize("folder", list_checkpoints(Path(__file__).parents[2] / "checkpoints"), ids=lambda f: f.name)
def test_a_shipped_recipe_has_todays_fields(folder):
    info = read_config(folder)

    turn = info.recipe["training"]["selector"]
    assert set(turn) <= set(to_json(recipe_of(info, folder))["training"]["selector"])


def test_without_a_recipe_nothing_is_known(info):
    with pytest.raises(ConfigError, match="b: expected a recipe in config.json, found none"):
        check_trained_alike(info, dataclasses.replace(info, recipe={}), Path("b"), "a")
