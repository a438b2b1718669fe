"""The whole choice in one ONNX file answers as the network does."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from den_core.checkpoints.folder import CheckpointInfo
from den_core.cli.main import main
from den_core.errors import ConfigError
from den_core.inference import dynamic
from den_core.inference.dynamic import export_dynamic
from den_core.inference.network import DeepElasticNetwork
from den_core.models.selector import Selector
from den_core.policy import Policy
from den_core.structure_keys import structure_key

SCRIPT = Path(__file__).resolve().parents[2] / "assets" / "onnx" / "answer.py"
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check(net: DeepElasticNetwork, task: str, path, x: torch.Tensor, price: float) -> torch.Tensor:
    """One image after the other through a file; returns which were answered early."""
    session, expected = session_of(path), net.answer(x, task, policy=Policy(price))
    for i, image in enumerate(x.split(1)):
        given = {"image": image.numpy(), "price": np.asarray(price, np.float32)}
        logits, structure, macs, early = session.run(None, given)
        assert np.array_equal(structure[0], expected.structure[i].numpy())
        assert (int(macs[0]), bool(early[0])) == (int(expected.total_macs[i]), bool(expected.early[i]))
        np.testing.assert_allclose(logits[0], expected.logits[i].numpy(), atol=1e-4)
    return expected.early


def check_script(net: DeepElasticNetwork, task: str, path, folder) -> None:
    """The script that needs nothing of this project prepares pictures and answers as the network does."""
    rng = np.random.default_rng(0)
    pictures = []
    for mode, ending, shape in [
        ("RGB", "png", (40, 70)),
        ("RGBA", "png", (32, 32)),
        ("L", "png", (90, 20)),
        ("P", "gif", (50, 50)),
    ]:
        pixels = rng.integers(0, 256, (*shape, len("RGBA") if mode == "RGBA" else 3)).astype(np.uint8)
        pictures.append(folder / f"{mode}.{ending}")
        Image.fromarray(pixels, "RGBA" if mode == "RGBA" else "RGB").convert(mode).save(pictures[-1])
    said = subprocess.run(
        [sys.executable, "-I", SCRIPT, path, "0", *pictures], capture_output=True, text=True, check=True
    )

    expected = net.answer(net.preprocess(pictures, task), task)
    for i, line in enumerate(said.stdout.splitlines()):
        name = net.task(task).class_names[int(expected.logits[i].argmax())]
        ran = "answered early" if expected.early[i] else structure_key(expected.structure[i])
        share = int(expected.total_macs[i]) / int(net.full_cost(task).macs[0])
        assert line.startswith(f"{pictures[i]}: {name} (") and line.endswith(f"{ran}, {share:.0%} of the MACs")
    assert len(said.stdout.splitlines()) == len(pictures)


def test_structures_early_answers_and_logits_are_the_networks(headed, tmp_path, rng, monkeypatch):
    x = torch.randn(12, 3, 32, 32, generator=rng)
    found = headed.head_probability(headed.look(x, "toy"), "toy").sort().values
    middle = float(found[5:7].mean())
    rule = dataclasses.replace(headed.early_rule, thresholds={"toy": middle, "wide": 1.0}, fall=0.01)
    headed = headed.calibrated(dataclasses.replace(headed.calibration, early=rule))

    path = export_dynamic(headed, "toy", tmp_path / "toy.onnx")

    early = check(headed, "toy", path, x, 0.0)
    check(headed, "toy", path, x, 3.0)

    assert 0 < int(early.sum()) < 12
    about = session_of(path).get_modelmeta().custom_metadata_map
    assert json.loads(about["task"])["class_names"] == list(headed.task("toy").class_names)
    assert int(about["full_macs"]) == int(headed.full_cost("toy").macs[0]) and about["levels"] == "4"
    check_script(headed, "toy", path, tmp_path)
    monkeypatch.setattr(dynamic, "TOLERANCE", -1.0)
    with pytest.raises(
        ConfigError, match="expected an ONNX file that answers as the network within -1.0, found logits"
    ):
        dynamic.check_answers(headed, "toy", path)


@pytest.mark.parametrize("backbone", ["mobile-narrow", "torchvision-resnet-bottleneck-narrow"])
def test_families_for_pretrained_weights(backbone, make_estimator, toy_network, tmp_path, rng):
    config = toy_network(backbone)
    net = DeepElasticNetwork(make_estimator(backbone), Selector(config), CheckpointInfo(config))

    path = export_dynamic(net, "wide", tmp_path / "wide.onnx")

    early = check(net, "wide", path, torch.randn(6, 3, 64, 64, generator=rng), 0.0)
    assert not early.any()  # there is no head


def test_wrong_input_is_one_line(tiny_checkpoint, tmp_path, capsys, monkeypatch):
    for out, words, said in [
        ("x.pt2", ["--dynamic"], "expected a file that ends in .onnx, found x.pt2"),
        ("x.onnx", ["--dynamic", "--budget", "0.4"], "expected one of --structure, --budget and --dynamic"),
    ]:
        assert main(["export", str(tiny_checkpoint), str(tmp_path / out), "--task", "emoji", *words]) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", str(tiny_checkpoint), str(tmp_path / "x.onnx"), "--task", "emoji", "--dynamic"]) == 2
    assert "expected the package onnxscript for ONNX, found none" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
