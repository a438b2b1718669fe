"""Selectors that differ in one part are trained on one estimator and measured at the same cost."""

import dataclasses

import pandas as pd
import pytest
import torch

from den_core.cli.main import main
from den_core.evaluation.sets import validation_sets
from den_core.experiments.compare_selectors import ARMS, measure_arm
from den_core.inference.network import load
from den_core.recipes import recipe
from den_core.structures import full_structure
from den_core.training import run


@pytest.fixture(scope="module")
def net(tiny_checkpoint):
    return load(tiny_checkpoint)


@pytest.fixture(scope="module")
def sets(net):
    return validation_sets(net, limit=40, progress=False)


def test_every_arm_adds_to_the_one_before():
    arms = {name: make(recipe("open3-fast")) for name, make in ARMS.items()}

    bare = arms["paper"].training.selector
    assert (bare.control_variate, bare.entropy_weight, bare.probability_floor) == ("leave_one_out", 0, 0)
    assert not arms["explore"].network.selector.critic and arms["explore"].training.selector.entropy_weight > 0
    assert arms["critic"].network.selector.critic and not arms["critic"].network.selector.temperature
    assert arms["boltzmann"].network.selector.temperature and not arms["boltzmann"].network.selector.auxiliary
    assert arms["auxiliary"].network.selector.auxiliary
    steps = {name: arms[name].training.selector.label_steps for name in ("auxiliary", "labels", "muon", "recipe")}
    assert steps["auxiliary"] == 0 < steps["labels"] == steps["muon"] == steps["recipe"]
    assert arms["recipe"] == recipe("open3-fast")


def test_one_structure_for_all_gains_nothing(net, sets):
    z = full_structure(1, net.num_blocks, net.num_levels)[0]
    C = torch.nn.functional.one_hot(z, net.num_levels).float()
    even = {name: dataclasses.replace(d, distribution=C.expand(len(d.labels), -1, -1)) for name, d in sets.items()}

    found = measure_arm(net, even, None)

    assert (found["gain"], found["gain error"], found["distinct"], found["top_share"]) == (0, 0, 1, 1)


def test_the_cost_weight_brings_a_share_of_the_macs(net, sets):
    large, small = (measure_arm(net, sets, share)["share"] for share in (0.9, 0.7))

    assert small < large <= 0.9 + 1e-6
    assert small == pytest.approx(0.7, abs=0.1)


def test_the_command_writes_a_row_per_arm_and_operating_point(tiny_checkpoint, tmp_path, monkeypatch, capsys):
    out = tmp_path / "arms.csv"
    options = ["--arms", "paper", "recipe", "--seeds", "0", "--steps", "2", "--out", str(out)]
    loaded = run.load_training_data
    monkeypatch.setattr(run, "load_training_data", lambda recipe: loaded(recipe, limit=80, progress=False))

    assert main(["study", "compare-selectors", str(tiny_checkpoint), *options]) == 0

    rows = pd.read_csv(out)
    assert rows["arm"].tolist() == ["paper", "paper", "recipe", "recipe"]
    assert rows["at"].astype(str).tolist() == ["own", "0.45"] * 2
    assert rows["accuracy"].between(0, 100).all()
    assert "gain" in capsys.readouterr().out
