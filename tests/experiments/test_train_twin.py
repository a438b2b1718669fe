"""A twin shares a run up to its last turn, and only that turn differs."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from den_core.checkpoints.folder import read_config
from den_core.cli.main import main
from den_core.errors import ConfigError, TrainingError
from den_core.experiments.twin import train_twin, twin_recipe
from den_core.training import resume
from den_core.training.run import train
from den_core.training.setup import Execution

IMAGES = 150


def quietly(folder, **more) -> Execution:
    return Execution(folder, accelerator="cpu", progress=False, **more)


@pytest.fixture(scope="module")
def trained_once(with_last_turn, tmp_path_factory):
    """A run with a last turn, which tests change only in a copy."""
    folder = tmp_path_factory.mktemp("twin") / "run"
    train(with_last_turn, quietly(folder), IMAGES)
    return folder


@pytest.fixture
def run(trained_once, tmp_path):
    return shutil.copytree(trained_once, tmp_path / "run")


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_the_state_before_the_last_turn_leads_to_the_same_end(run, with_last_turn, tmp_path):
    resume.branch_off(run, tmp_path / "again", with_last_turn)

    train(with_last_turn, quietly(tmp_path / "again", resume=True), IMAGES)

    first, again = weights(run), weights(tmp_path / "again")
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_twin_shares_the_selector_and_not_the_estimator(run, tmp_path):
    train_twin(run, quietly(tmp_path / "twin"), IMAGES)

    own, twin = weights(run), weights(tmp_path / "twin")
    assert all(torch.equal(own[name], twin[name]) for name in own if name.startswith("selector"))
    assert not all(torch.equal(own[name], twin[name]) for name in own if name.startswith("estimator"))
    recipe = read_config(tmp_path / "twin").recipe
    assert recipe["name"] == "short-twin" and recipe["training"]["estimator"]["permuted"] is True


def test_a_twin_is_not_written_over(run, tmp_path):
    train_twin(run, quietly(tmp_path / "twin"), IMAGES)

    with pytest.raises(TrainingError, match="found a run in it"):
        train_twin(run, quietly(tmp_path / "twin"), IMAGES)


def test_a_recipe_without_a_last_turn_has_no_twin(short_digits, with_last_turn):
    with pytest.raises(ConfigError, match="in recipe short, found 0: without a last turn it has no twin"):
        twin_recipe(short_digits())
    with pytest.raises(ConfigError, match="in recipe short-twin, found True: it is a twin itself"):
        twin_recipe(twin_recipe(with_last_turn))


def test_what_a_twin_cannot_start_from_is_one_line(run, tmp_path, capsys):
    (run / resume.LAST_TURN).write_bytes(b"not weights")
    assert main(["study", "twin", str(run), str(tmp_path / "a")]) == 2
    assert "damaged" in capsys.readouterr().err

    (run / resume.LAST_TURN).unlink()
    assert main(["study", "twin", str(run), str(tmp_path / "b")]) == 2
    assert "train the network first" in capsys.readouterr().err

    assert main(["study", "twin", str(tmp_path / "nowhere"), str(tmp_path / "c")]) == 2
    assert json.dumps(str(tmp_path / "nowhere"))[1:-1] in capsys.readouterr().err
    assert not any((tmp_path / name / resume.FILE).exists() for name in "abc")
