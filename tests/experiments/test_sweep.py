"""Many runs in one command."""

import json

import pandas as pd
import pytest

from den_core.cli.main import main
from den_core.errors import ConfigError, TrainingError
from den_core.experiments.launch import launch
from den_core.experiments.sweep import MEASURED, combinations

SHORT = ["--steps", "2", "--threads", "1", "--device", "cpu"]


def test_every_combination_has_its_folder(tmp_path):
    runs = combinations(["digits-fast", "open3-fast"], [0.1, 1.0], [3, 4], [0, 1], tmp_path)

    assert len({run.folder for run in runs}) == len(runs) == 16
    assert {run.seed for run in runs[:8]} == {0}
    assert runs[0].made().network.backbone.level_fractions == (0.0, 0.5, 1.0)
    assert runs[0].made().training.selector.rho == 0.1


def test_none_given_keeps_the_recipes(tmp_path):
    (run,) = combinations(["digits-fast"], [], [], [7], tmp_path)

    assert run.folder == tmp_path / "digits-fast-seed7"
    assert run.made().seed == 7 and run.made().network.backbone.num_levels == 4


@pytest.mark.parametrize("wrong", [{"levels": [9]}, {"recipes": ["digits-fats"]}])
def test_bad_input_is_reported_before_anything_runs(tmp_path, wrong):
    asked = {"recipes": ["digits-fast"], "rho": [], "levels": [], "seeds": [0]} | wrong

    with pytest.raises(ConfigError, match="found"):
        combinations(**asked, out=tmp_path)


def test_what_is_done_is_not_done_again(tmp_path, capsys):
    command = ["sweep", "digits-fast", "--rho", "0.1", "3", "--out", str(tmp_path), *SHORT]

    assert main(command) == 0
    first = pd.read_csv(tmp_path / "sweep.csv")
    marks = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/model.safetensors")}
    (interrupted,) = tmp_path.glob(f"*rho3*/{MEASURED}")
    interrupted.unlink()
    assert main(command) == 0

    assert len(first) == 2 and first[["accuracy", "full"]].stack().between(0, 1).all()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "sweep.csv"), first)
    assert {path: path.stat().st_mtime_ns for path in marks} == marks
    assert "2 runs, 1 of them done already" in capsys.readouterr().err


def test_submitit_performs_the_runs(tmp_path):
    """In this process, as its debug cluster does; Slurm gets the same jobs."""
    pytest.importorskip("submitit")
    runs = combinations(["digits-fast"], [], [], [0], tmp_path, steps=2, device="cpu", threads=1)

    launch(runs, "debug", tmp_path)

    assert json.loads((runs[0].folder / MEASURED).read_text("utf-8"))["full"] <= 1


def test_a_job_that_fails_is_named(tmp_path):
    pytest.importorskip("submitit")
    (run,) = combinations(["digits-fast"], [], [], [0], tmp_path, steps=2, device="cpu", threads=1)
    run.folder.mkdir()
    (run.folder / "config.json").write_text("{}")

    with pytest.raises(TrainingError, match="1 that did not"):
        launch([run], "local", tmp_path)
