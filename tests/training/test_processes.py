"""Two processes on the CPU train one network together."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from den_core.checkpoints.folder import read_config, read_history
from den_core.cli.main import main
from den_core.config import to_json
from den_core.inference.network import load
from den_core.recipes import recipe
from den_core.recipes.smoke import IMAGES, smoke

SCRIPT = """
import json
from pathlib import Path
import torch
from safetensors.torch import save_file
from den_core.config import Recipe, from_json
from den_core.training import run
from den_core.training.trainer import Execution, Trainer

class WatchedTrainer(Trainer):
    def run(self):
        progress = super().run()
        rank = self.fabric.global_rank
        weights = {
            f"{network}.{name}": parameter.detach().contiguous()
            for network, module in self._networks.items()
            for name, parameter in module.named_parameters()
        }
        save_file(weights, f"rank{rank}.safetensors")
        Path(f"images{rank}.json").write_text(json.dumps(self.loader.loaders["digits"].indices(0).tolist()))
        return progress

torch.set_num_threads(1)
run.Trainer = WatchedTrainer
chosen = from_json(Recipe, json.loads(Path("recipe.json").read_text()))
run.train(chosen, Execution(Path("run"), accelerator="cpu", devices=2, progress=False), limit=150)
assert not torch.distributed.is_initialized(), "the group that the run made was not left"
"""


@pytest.fixture(scope="module")
def run_of_two(tmp_path_factory):
    """A folder with a run of two processes, and what each of them left beside it."""
    work = tmp_path_factory.mktemp("two")
    (work / "script.py").write_text(SCRIPT)
    (work / "recipe.json").write_text(json.dumps(to_json(smoke(recipe("digits-fast")))))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=work,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return work


def test_both_processes_end_with_equal_weights(run_of_two):
    work = run_of_two
    first, second = (load_file(work / f"rank{rank}.safetensors") for rank in range(2))

    assert first.keys() == second.keys() and len(first) > 20
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_the_processes_saw_different_images(run_of_two):
    work = run_of_two
    first, second = (json.loads((work / f"images{rank}.json").read_text()) for rank in range(2))

    assert first != second


def test_one_process_writes_one_checkpoint(run_of_two):
    work = run_of_two

    assert load(work / "run").tasks == ("digits",)
    assert read_config(work / "run").provenance["processes"] == 2
    steps = [3, 6, 9, 11, 14, 16]  # at which the run reports
    assert read_history(work / "run")["images_seen"].tolist() == [IMAGES * step for step in steps]
    assert len(list((work / "run" / "tensorboard").iterdir())) == 1


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
COMMAND = ["train", "digits-fast", "--backbone", "simple-convnet-narrow", "--steps", "40", "--no-evaluate"]
COMMAND += ["--device", "cpu", "--threads", "1", "--out"]


@pytest.fixture(scope="module")
def alone_and_together(tmp_path_factory):
    """Histories of the same recipe from this process, and from two that torchrun started."""
    work = tmp_path_factory.mktemp("torchrun")
    assert main([*COMMAND, str(work / "alone")]) == 0
    done = subprocess.run(
        [*TORCHRUN, "-m", "den_core", *COMMAND, str(work / "together")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return work, *(read_history(work / name) for name in ("alone", "together"))


def test_two_processes_of_torchrun_train_as_one_does(alone_and_together):
    """With the same images in a step. Norms see half of them in each process, and structures are drawn apart."""
    work, alone, together = alone_and_together

    assert read_config(work / "together").provenance["processes"] == 2
    assert together["images_seen"].tolist() == alone["images_seen"].tolist()
    estimator = alone["network"] == "estimator"
    assert together["loss"][estimator].tolist() == pytest.approx(alone["loss"][estimator].tolist(), rel=0.1)
