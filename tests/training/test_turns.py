"""The turns that Algorithm 1 does not have: what trains in them, and on which structures."""

import dataclasses

import pytest
import torch

from den_core.config import SelectorConfig
from den_core.errors import ConfigError
from den_core.training import selector_step
from den_core.training import setup as training_setup
from den_core.training import trainer as trainer_module
from den_core.training.schedule import turns
from den_core.training.setup import Execution, precision_on
from den_core.training.trainer import Trainer


@pytest.fixture
def auxiliary_recipe(short_digits):
    """A few steps with both additional turns."""
    base = short_digits("32-true")
    selector = SelectorConfig(critic=True, uniform_start=True, temperature=0.1, auxiliary=True)
    estimator = dataclasses.replace(base.training.estimator, last_steps=2, uniform_share=0.0, dial_share=0.0)
    return dataclasses.replace(
        base,
        network=dataclasses.replace(base.network, selector=selector),
        training=dataclasses.replace(
            base.training, estimator=estimator, selector=dataclasses.replace(base.training.selector, label_steps=3)
        ),
    )


def test_the_label_turn_leaves_the_choice_alone(auxiliary_recipe, digits_data, tmp_path):
    trainer = Trainer(auxiliary_recipe, digits_data, Execution(tmp_path, accelerator="cpu", progress=False))
    before = {k: v.clone() for k, v in trainer.selector.named_parameters()}
    plan = turns(auxiliary_recipe.training)
    trainer.began, trainer.recent = 0.0, []
    trainer.progress = dataclasses.replace(trainer.progress, step=6)
    trainer.reporter = trainer_module.Reporter(None, 100, [], 0, False)

    trainer._run_turn(plan[1])

    changed = {k for k, v in trainer.selector.named_parameters() if not torch.equal(v, before[k])}
    assert plan[1].labels_only
    assert "classifiers.digits.weight" in changed and any(k.startswith("blocks") for k in changed)
    assert not any(k.startswith(("head.linear", "critic", "mix")) for k in changed)


def last_structures(recipe, data, folder, monkeypatch):
    """Trains a recipe; images, structures and configuration of its last step, and the trainer."""
    seen = []

    def spy(fabric, estimator, optimizer, batch, structures, table, config, teacher):
        seen.append((batch.images["digits"], structures["digits"], config))
        return original(fabric, estimator, optimizer, batch, structures, table, config, teacher)

    original = trainer_module.estimator_step
    monkeypatch.setattr(trainer_module, "estimator_step", spy)
    trainer = Trainer(recipe, data, Execution(folder, accelerator="cpu", progress=False))
    progress = trainer.run()
    assert progress.step == 6 + 3 + 4 + 4 + 4 + 2
    assert progress.rows[-1].network == "estimator" and progress.rows[-1].round == 2
    assert seen[0][2].distillation == 1, "turns before the last one distil"
    return *seen[-1], trainer


def test_the_last_turn_runs_what_inference_would_take(auxiliary_recipe, digits_data, tmp_path, monkeypatch):
    images, z, config, trainer = last_structures(auxiliary_recipe, digits_data, tmp_path, monkeypatch)

    trainer.selector.eval()
    assert torch.equal(z, trainer.selector.model_distribution(images, "digits").argmax(-1))
    assert config.distillation == 0


def test_the_last_turn_prepares_the_dial(auxiliary_recipe, digits_data, tmp_path, monkeypatch):
    """At a cost weight of a million for nearly every image nothing but skipped blocks is left."""
    estimator = dataclasses.replace(auxiliary_recipe.training.estimator, dial_share=1.0, dial_weight=1e6)
    training = dataclasses.replace(auxiliary_recipe.training, estimator=estimator)

    _, z, _, _ = last_structures(
        dataclasses.replace(auxiliary_recipe, training=training), digits_data, tmp_path, monkeypatch
    )

    assert not z.any()


def test_the_twin_runs_the_same_structures_for_other_images(auxiliary_recipe, digits_data, tmp_path, monkeypatch):
    estimator = dataclasses.replace(auxiliary_recipe.training.estimator, permuted=True)
    training = dataclasses.replace(auxiliary_recipe.training, estimator=estimator)
    own = (torch.arange(12)[:, None] // 4 + torch.arange(3)) % 4  # as if images chose three different structures
    monkeypatch.setattr(trainer_module, "most_probable", lambda C: torch.nn.functional.one_hot(own, 4).float())

    recipe = dataclasses.replace(auxiliary_recipe, training=training)
    _, z, _, _ = last_structures(recipe, digits_data, tmp_path, monkeypatch)

    assert not torch.equal(z, own)
    assert sorted(z.tolist()) == sorted(own.tolist())


@pytest.mark.parametrize(("has", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_processor_without_bfloat16_trains_in_float32(
    short_digits, digits_data, tmp_path, monkeypatch, has, expected
):
    monkeypatch.setattr(training_setup, "has_bfloat16", lambda device: has)
    recipe = short_digits("bf16-mixed")

    trainer = Trainer(recipe, digits_data, Execution(tmp_path, accelerator="cpu", progress=False))

    assert (trainer.precision, trainer.fabric._precision.precision) == (expected, expected)


def test_float32_stays_float32():
    assert precision_on(torch.device("cpu"), "32-true") == precision_on(torch.device("cuda"), "32-true") == "32-true"
    assert precision_on(torch.device("cuda"), "bf16-mixed") == "bf16-mixed"


def test_an_unknown_precision_is_no_other():
    with pytest.raises(AssertionError, match="64-fantasy"):
        trainer_module.to_training_precision(torch.nn.Linear(1, 1), "64-fantasy")


def test_label_steps_need_an_auxiliary_head(auxiliary_recipe):
    network = dataclasses.replace(auxiliary_recipe.network, selector=SelectorConfig(critic=True))

    with pytest.raises(ConfigError, match="an auxiliary head where label_steps is set"):
        dataclasses.replace(auxiliary_recipe, network=network)


def test_the_critic_meets_the_estimators_cost_weights(auxiliary_recipe, digits_data, tmp_path, monkeypatch):
    """The dial that later turns train, and the one that the critic is regressed on, are the same."""
    estimator = dataclasses.replace(auxiliary_recipe.training.estimator, dial_weight=7.0)
    recipe = dataclasses.replace(
        auxiliary_recipe, training=dataclasses.replace(auxiliary_recipe.training, estimator=estimator)
    )
    seen, original = [], selector_step.dialled

    def spy(C, relative_macs, weight, **rest):
        seen.append(weight)
        return original(C, relative_macs, weight, **rest)

    monkeypatch.setattr(selector_step, "dialled", spy)

    Trainer(recipe, digits_data, Execution(tmp_path, accelerator="cpu", progress=False)).run()

    assert seen and set(seen) == {7.0}
