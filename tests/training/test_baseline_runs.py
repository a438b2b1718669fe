"""The Baseline is no weaker by its training: it runs as many images as the network that it is compared with."""

from __future__ import annotations

import pytest
import torch

from den_core.recipes import recipe
from den_core.recipes.baseline import baseline
from den_core.training.setup import Execution
from den_core.training.trainer import Trainer


def images_run(recipe, data, folder) -> int:
    """Trains a recipe and counts the images that its estimator learns from, once for every run."""
    trainer = Trainer(recipe, data, Execution(folder, accelerator="cpu", progress=False))
    runs = 0

    def count(head, inputs, output) -> None:
        nonlocal runs
        runs += len(output) if torch.is_grad_enabled() else 0  # validation and the selector's turns have no gradient

    trainer.estimator.heads["digits"].register_forward_hook(count)
    trainer.run()
    return runs


def test_a_baseline_runs_as_many_images(with_last_turn, digits_data, tmp_path):
    """Two turns of 6 and 4 steps with batches of 12, run twice to distil, and a last turn of 4 without; all trained."""
    assert with_last_turn.training.estimator.distillation

    expected = (6 + 4) * 2 * 12 + 4 * 12
    assert images_run(with_last_turn, digits_data, tmp_path / "joint") == expected
    assert images_run(baseline(with_last_turn, "digits"), digits_data, tmp_path / "alone") == expected


@pytest.mark.parametrize("task", ["fashion", "emoji", "clipart"])
@pytest.mark.parametrize("name, runs, rounds", [("open3-fast", 1.25, 1), ("open3-plain", 1, 2)])
def test_a_baseline_runs_as_many_images_of_its_task(name, runs, rounds, task):
    """Tasks differ in how many images of them a step has; only what distils runs them twice, but for the last turn."""
    joint, alone = recipe(name).training, recipe(f"{name}-baseline-{task}").training
    stage = joint.estimator
    assert joint.rounds == rounds and stage.distilled_share * (stage.distillation > 0) == runs - 1

    steps = stage.first_steps + (rounds - 1) * stage.round_steps

    images = joint.batch_of(task) * (runs * steps + stage.last_steps)
    assert alone.batch_of(task) * alone.estimator.first_steps == pytest.approx(images, rel=1e-3)
    assert not alone.estimator.distillation and not alone.estimator.last_steps and alone.rounds == 1
