"""Images per second of every kind of training step."""

import pandas as pd
import torch

from den_core.benchmarks.training import throughput
from den_core.cli.main import main
from den_core.recipes import recipe_with
from den_core.training.setup import Execution, precision_on


def test_every_step_is_timed(tmp_path):
    found = throughput(recipe_with("digits-fast"), Execution(tmp_path, accelerator="cpu"), 3)

    table = found.table().set_index("step")
    assert found.images == 64
    assert list(table.index) == [
        "plain backbone", "estimator, Eq. 8", "estimator, every image twice", "selector, |Z| = 2",
    ]  # fmt: skip
    assert (table["images/s"] > 0).all() and table.loc["plain backbone", "of plain"] == "1.00"
    assert all(len(taken) == 3 and min(taken) > 0 for taken in found.seconds.values())


def test_batch_and_backbone_can_be_chosen(tmp_path, capsys):
    asked = ["--backbone", "resnet-10-narrow", "--batch", "4", "--repeats", "2", "--threads", "1"]

    assert main(["benchmark", "training", "digits-fast", *asked, "--out", str(tmp_path / "steps.csv")]) == 0

    out = capsys.readouterr().out
    precision = precision_on(torch.device("cpu"), "bf16-mixed")
    assert out.startswith(f"digits-fast, resnet-10-narrow, 4 images a step, {precision}")
    assert len(pd.read_csv(tmp_path / "steps.csv")) == 4
