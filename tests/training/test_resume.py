"""A run that is killed and resumed ends where the unbroken one does, bit for bit, on the CPU."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from den_core.checkpoints.folder import read_history
from den_core.config import to_json
from den_core.errors import TrainingError
from den_core.training import resume
from den_core.training import trainer as trainer_module
from den_core.training.run import train
from den_core.training.setup import Execution
from den_core.training.trainer import Trainer

IMAGES = 150

SCRIPT = """
import json, sys, time
from pathlib import Path
import torch
from den_core.config import Recipe, from_json
from den_core.training import trainer
from den_core.training.setup import Execution
from den_core.training.run import train

save = trainer.save_resume_point

def save_and_wait(*arguments):  # so that the run does not end before it can be killed
    save(*arguments)
    time.sleep(0.5)

trainer.save_resume_point = save_and_wait
torch.set_num_threads(1)
chosen = from_json(Recipe, json.loads(Path(sys.argv[1]).read_text()))
train(chosen, Execution(Path(sys.argv[2]), accelerator="cpu", progress=False), limit=int(sys.argv[3]))
"""


def run_until_killed(recipe, folder: Path) -> None:
    """Train in a process of its own and end it with SIGKILL as soon as it has a resume point."""
    work = folder.parent
    work.mkdir(parents=True, exist_ok=True)
    (work / "script.py").write_text(SCRIPT)
    (work / "recipe.json").write_text(json.dumps(to_json(recipe)))
    arguments = [sys.executable, "script.py", "recipe.json", str(folder), str(IMAGES)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with (
        open(work / "printed", "w+") as printed,
        subprocess.Popen(arguments, cwd=work, env=environment, stdout=printed, stderr=subprocess.STDOUT) as process,
    ):
        began = time.monotonic()
        while not (folder / resume.FILE).exists():
            assert process.poll() is None, (work / "printed").read_text()
            assert time.monotonic() - began < 120, "no resume point after two minutes"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "config.json").exists(), "the run ended before it was killed"


def assert_same_weights(a: Path, b: Path) -> None:
    first, second = (load_file(folder / "model.safetensors") for folder in (a, b))
    assert first.keys() == second.keys()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert not different


def quietly(folder: Path, **more) -> Execution:
    return Execution(folder, accelerator="cpu", progress=False, **more)


def test_a_killed_run_resumes_to_the_same_weights(short_digits, tmp_path):
    recipe = short_digits()
    train(recipe, quietly(tmp_path / "unbroken"), IMAGES)

    run_until_killed(recipe, tmp_path / "killed")
    train(recipe, quietly(tmp_path / "killed", resume=True), IMAGES)

    assert_same_weights(tmp_path / "unbroken", tmp_path / "killed")
    histories = [read_history(tmp_path / name).drop(columns="seconds") for name in ("unbroken", "killed")]
    assert histories[0].equals(histories[1])
    assert histories[0]["step"].tolist() == [4, 6, 10, 14, 18]


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "bf16-mixed"},
        {"precision": "32-true", "control_variate": "leave_one_out", "epsilon_start": 1.0, "schedule": "steps"},
    ],
    ids=["critic in bfloat16", "leave one out in float32"],
)
def test_every_resume_point_leads_to_the_same_end(options, short_digits, digits_data, tmp_path, monkeypatch):
    """In the middle of turns of both networks, between turns, between rounds, and at the end."""
    recipe = short_digits(**options)
    kept: dict[int, Path] = {}

    def save_and_keep(folder, recipe, networks, optimizer, progress):
        resume.save_resume_point(folder, recipe, networks, optimizer, progress)
        kept[progress.step] = tmp_path / f"at-{progress.step}"
        shutil.copytree(folder / "resume", kept[progress.step] / "resume")

    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "save_resume_point", save_and_keep)
        unbroken = Trainer(recipe, digits_data, quietly(tmp_path / "unbroken"))
        unbroken.run()

    assert sorted(kept) == [2, 4, 6, 8, 10, 12, 14, 16, 18]
    expected = {name: network.state_dict() for name, network in unbroken._networks.items()}
    for step, folder in kept.items():
        torch.manual_seed(step)  # the global random state plays no part
        resumed = Trainer(recipe, digits_data, quietly(folder, resume=True))
        rows = resumed.run().rows
        for name, network in resumed._networks.items():
            for key, tensor in network.state_dict().items():
                assert torch.equal(tensor, expected[name][key]), f"{name}.{key} after a stop at step {step}"
        assert [row.step for row in rows] == [4, 6, 10, 14, 18]


def test_a_run_is_a_function_of_its_seed(short_digits, digits_data, tmp_path):
    def weights(name, recipe):
        torch.manual_seed(len(name))
        trainer = Trainer(recipe, digits_data, quietly(tmp_path / name))
        trainer.run()
        return trainer.selector.head.linear.weight, trainer.estimator.blocks[0].conv1.weight

    recipe = short_digits()
    first, again = weights("a", recipe), weights("another", recipe)
    other = weights("other seed", dataclasses.replace(recipe, seed=1))

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


# ------------------------------------------------------------------ what cannot go on


@pytest.fixture(scope="module")
def trained_once(short_digits, digits_data, tmp_path_factory) -> Path:
    """A folder with a resume point, which tests change only in a copy."""
    folder = tmp_path_factory.mktemp("resume") / "stopped"
    Trainer(short_digits(), digits_data, quietly(folder)).run()
    return folder


@pytest.fixture
def stopped(trained_once, tmp_path) -> Path:
    """A copy of a folder with a resume point."""
    return shutil.copytree(trained_once, tmp_path / "stopped")


def test_another_configuration_cannot_be_resumed(short_digits, digits_data, stopped):
    for other in (dataclasses.replace(short_digits(), seed=1), short_digits(rho=0.9), short_digits("32-true")):
        with pytest.raises(TrainingError, match="another configuration or seed"):
            Trainer(other, digits_data, quietly(stopped, resume=True))


@pytest.mark.parametrize("size", [0, 50, -1])
def test_a_damaged_resume_point_is_refused(size, short_digits, digits_data, stopped):
    path = stopped / resume.FILE
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(TrainingError, match="damaged") as caught:
        Trainer(short_digits(), digits_data, quietly(stopped, resume=True))

    assert str(path) in str(caught.value)


def test_there_must_be_something_to_resume(short_digits, digits_data, tmp_path):
    with pytest.raises(TrainingError, match="found none; start without --resume"):
        Trainer(short_digits(), digits_data, quietly(tmp_path, resume=True))


def test_a_folder_with_a_run_in_it_is_not_overwritten(short_digits, stopped):
    with pytest.raises(TrainingError, match="found a run in it"):
        train(short_digits(), quietly(stopped), IMAGES)


def test_a_loss_that_is_not_finite_stops_the_run(short_digits, digits_data, tmp_path):
    recipe = short_digits()
    wild = dataclasses.replace(recipe.training.estimator, learning_rate=1e30, schedule="steps")
    recipe = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, estimator=wild))

    with pytest.raises(TrainingError, match="at step [2-6]"):
        Trainer(recipe, digits_data, quietly(tmp_path)).run()
