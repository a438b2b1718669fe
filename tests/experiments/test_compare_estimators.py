"""Estimators that differ in one part, trained and measured alike."""

import dataclasses

import pandas as pd
import pytest

from den_core.cli.main import main
from den_core.experiments.compare_estimators import ARMS, equal_steps, first_turn
from den_core.recipes import recipe
from den_core.training import run


def image_runs(chosen) -> int:
    """Images of all tasks that a step runs through the estimator."""
    t = chosen.training
    runs = 1 + t.estimator.distilled_share if t.estimator.distillation else 1
    return round(runs * sum(t.batch_of(task.name) for task in chosen.network.tasks))


@pytest.mark.parametrize("name", ["open3-fast", "digits-fast"])
def test_every_arm_runs_as_many_images(name):
    base = recipe(name)
    arms = {arm: make(base) for arm, make in ARMS.items()}
    steps = {arm: equal_steps(made, base, 100) for arm, made in arms.items()}

    assert steps["large"] == 50 and image_runs(arms["large"]) == 2 * image_runs(base)
    for arm, made in arms.items():
        # whole images of every task in a step, and whole steps
        assert steps[arm] * image_runs(made) == pytest.approx(100 * image_runs(base), rel=0.005)


def test_arms_differ_in_what_they_are_named_for():
    arms = {name: make(recipe("open3-fast")) for name, make in ARMS.items()}
    stages = {name: arm.training.estimator for name, arm in arms.items()}

    assert (stages["plain"].distillation, stages["plain"].first_structures) == (0, "eq8")
    assert stages["densities"] == dataclasses.replace(stages["plain"], first_structures="densities")
    assert arms["shared"].network.backbone.norm_statistics == "shared"
    assert stages["distilled"].distillation > 0 and stages["distilled"].matrix_learning_rate == 0
    assert stages["muon"] == dataclasses.replace(
        stages["distilled"], matrix_learning_rate=stages["recipe"].matrix_learning_rate
    )
    assert arms["recipe"] == recipe("open3-fast")


def test_the_first_turn_is_all_that_is_trained():
    t = first_turn(recipe("open3-fast"), 7).training

    assert (t.rounds, t.estimator.first_steps, t.estimator.last_steps) == (1, 7, 0)
    assert t.selector.steps == t.selector.label_steps == 0


def test_the_command_measures_every_arm_and_seed(tmp_path, monkeypatch, capsys):
    out = tmp_path / "arms.csv"
    loaded = run.load_training_data
    monkeypatch.setattr(run, "load_training_data", lambda recipe: loaded(recipe, limit=200, progress=False))
    asked = ["--recipe", "digits-fast", "--seeds", "0", "1", "--steps", "2", "--threads", "1", "--out", str(out)]

    assert main(["study", "compare-estimators", *asked]) == 0

    frame = pd.read_csv(out)
    assert len(frame) == 2 * len(ARMS)
    assert frame[["level 1", "level 2", "level 3", "random"]].stack().between(0, 1).all()
    assert list(ARMS)[0] in capsys.readouterr().out


def test_bad_input_is_one_line(capsys):
    assert main(["study", "compare-estimators", "--backbone", "wrn-99-9"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
