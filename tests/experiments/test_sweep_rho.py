"""What ρ does, for one trained estimator: a sweep, and where it is stored."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
import torch
from safetensors.torch import load_file

from den_core.checkpoints.folder import WEIGHTS
from den_core.checkpoints.metrics import METRICS, read_metrics
from den_core.cli.main import main
from den_core.evaluation.measuring import measure
from den_core.evaluation.sets import validation_sets
from den_core.experiments import sweep_rho
from den_core.inference.network import load
from den_core.training import run as training
from den_core.training.resume import LAST_TURN
from den_core.training.run import train
from den_core.training.setup import Execution

SWEEP = ["study", "sweep-rho"]


@pytest.fixture
def copied(tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def limited(monkeypatch):
    """At most 120 training images of a task are decoded."""
    loaded = training.load_training_data
    monkeypatch.setattr(training, "load_training_data", lambda recipe: loaded(recipe, 120, progress=False))


def test_a_sweep_is_stored_beside_what_was_measured(copied, limited, capsys):
    before = read_metrics(copied)

    assert main([*SWEEP, str(copied), "--rho", "0.1", "300", "--steps", "10", "--write"]) == 0

    after = read_metrics(copied)
    rows = after.rho_sweep
    assert [row.rho for row in rows] == [0.1, 300.0] and after.rho_sweep_split == "validation"
    assert after.rho_sweep_estimator == "as it is"
    for row in rows:
        assert 0 <= row.accuracy <= 1 and 0 < row.share < 2 and row.distinct_per_600 >= 1
    assert rows[0].share != rows[1].share, "ρ must matter"
    assert dataclasses.replace(after, rho_sweep=(), rho_sweep_split="", rho_sweep_estimator="") == before
    assert f"{100 * rows[0].accuracy:.3g}" in capsys.readouterr().out


def test_without_write_nothing_is_stored(copied, limited):
    before = (copied / METRICS).read_bytes()

    assert main([*SWEEP, str(copied), "--rho", "0.3", "--steps", "1", "--seed", "7"]) == 0

    assert (copied / METRICS).read_bytes() == before


def test_a_sweep_needs_metrics_before_it_trains(copied, monkeypatch, capsys):
    (copied / METRICS).unlink()
    monkeypatch.setattr(training, "load_training_data", lambda recipe: pytest.fail("trained for nothing"))

    assert main([*SWEEP, str(copied), "--write"]) == 2

    assert f"metrics.json, found none; `den evaluate {copied} --write`" in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained_once(with_last_turn, tmp_path_factory):
    """A run that had a last turn, which tests change only in a copy."""
    folder = tmp_path_factory.mktemp("rho") / "run"
    train(with_last_turn, Execution(folder, accelerator="cpu", progress=False), 120)
    return folder


@pytest.fixture
def run(trained_once, tiny_checkpoint, tmp_path):
    """A run that had a last turn, with metrics to store a sweep beside."""
    shutil.copytree(trained_once, tmp_path / "run")
    shutil.copy(tiny_checkpoint / METRICS, tmp_path / "run")
    return tmp_path / "run"


def test_the_estimator_of_before_the_last_turn_is_swept(run, limited, monkeypatch):
    swept = []
    sweep = sweep_rho.sweep
    monkeypatch.setattr(sweep_rho, "sweep", lambda net, *rest: swept.append(net) or sweep(net, *rest))

    assert main([*SWEEP, str(run), "--run", str(run), "--rho", "0.1", "--steps", "2", "--write"]) == 0

    before, final = load_file(run / LAST_TURN), load_file(run / WEIGHTS)
    found = swept[0].estimator.state_dict()
    assert all(torch.equal(found[name], before[f"estimator/{name}"]) for name in found)
    assert not all(torch.equal(found[name], final[f"estimator.{name}"]) for name in found)
    assert read_metrics(run).rho_sweep_estimator == "before its last turn"


def test_a_run_of_another_recipe_is_refused(run, tiny_checkpoint, capsys):
    assert main([*SWEEP, str(tiny_checkpoint), "--run", str(run), "--rho", "0.1", "--steps", "1"]) == 2

    assert "last_turn.safetensors belongs to a run with another configuration" in capsys.readouterr().err


def test_figures_are_means_over_tasks_of_the_own_choices(tiny_checkpoint):
    net = load(tiny_checkpoint)
    validation = validation_sets(net, 40, progress=False)

    found = sweep_rho.measure_choice(net, validation)

    accuracy = share = 0.0
    for task in net.config.tasks:
        images = validation[task.name]
        result = measure(net, images, net.choose(images.distribution), with_selector=True)
        accuracy += result.accuracy / 3
        share += result.mean_macs / int(net.full_cost(task.name).macs) / 3
    assert found["accuracy"] == pytest.approx(accuracy) and found["share"] == pytest.approx(share)
