"""A structure as a file – weights, program, ONNX – answers as the network does, for every backbone."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from den_core.checkpoints.folder import CheckpointInfo
from den_core.errors import ConfigError, StructureError
from den_core.inference import export
from den_core.inference.export import TOLERANCE, export_structure
from den_core.inference.network import DeepElasticNetwork
from den_core.models.registry import list_backbones
from den_core.models.selector import Selector
from den_core.structure_keys import structure_key
from den_core.structures import parse_structure

TINY = list_backbones(scale="tiny")


@pytest.fixture
def net_of(make_estimator, toy_network):
    """A network of random weights on a tiny backbone."""

    def net_of(backbone: str = "wrn-8-1") -> DeepElasticNetwork:
        config = toy_network(backbone)
        return DeepElasticNetwork(make_estimator(backbone), Selector(config), CheckpointInfo(config))

    return net_of


def mixed_key(net: DeepElasticNetwork) -> str:
    """A structure with as many levels as there are, starting above the lowest one."""
    return "".join(str((i + 1) % net.num_levels) for i in range(net.num_blocks))


def masked(net: DeepElasticNetwork, x: torch.Tensor, key: str, task: str = "toy") -> torch.Tensor:
    z = parse_structure(key, net.num_blocks, net.num_levels)
    return net.estimator.classify(x, z.expand(len(x), -1), task)


@pytest.mark.parametrize("backbone", TINY)
def test_every_form_gives_the_same_logits(backbone, net_of, toy_images, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    net = net_of(backbone)
    key, x = mixed_key(net), toy_images(net.estimator, 5)["toy"]
    expected = masked(net, x, key)

    files = [export_structure(net, "toy", key, tmp_path / f"net{ending}") for ending in export.FORMATS]

    found = {"dispatched": net.classify(x, "toy", parse_structure(key, net.num_blocks, net.num_levels))}
    found["extracted"] = net.extract(parse_structure(key, net.num_blocks, net.num_levels)[0], "toy")(x)
    found["program"] = torch.export.load(files[1]).module()(x)
    session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])
    found["onnx"] = torch.from_numpy(session.run(None, {"images": x.numpy()})[0])
    for name, logits in found.items():
        assert float((logits - expected).abs().max()) <= TOLERANCE, name


def test_weights_load_into_the_extracted_network(net_of, rng, tmp_path):
    net = net_of()
    z = torch.tensor([3, 0, 1])

    path = export_structure(net, "wide", structure_key(z), tmp_path / "deep" / "small.safetensors")

    small = net.extract(z, "wide")
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.zero_()
    small.load_state_dict(load_file(path))
    x = torch.randn(2, 3, 64, 64, generator=rng)
    torch.testing.assert_close(small(x), masked(net, x, "301", "wide"), atol=1e-4, rtol=1e-4)
    with safe_open(path, "pt") as file:
        assert file.metadata()["structure"] == "301" and file.metadata()["task"] == "wide"


def test_a_smaller_structure_is_a_smaller_file(net_of, tmp_path):
    net = net_of()
    large, small = (export_structure(net, "toy", key, tmp_path / f"{key}.safetensors") for key in ("333", "111"))

    assert small.stat().st_size < large.stat().st_size


def test_onnx_that_answers_differently_is_not_written(net_of, tmp_path, monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")

    class Wrong(onnxruntime.InferenceSession):
        def run(self, *arguments):
            return [np.asarray(part) + 1e-3 for part in super().run(*arguments)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Wrong)

    with pytest.raises(ConfigError, match=r"expected ONNX logits within 0.0001 of the network's, found 0.001"):
        export_structure(net_of(), "toy", "321", tmp_path / "net.onnx")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("task", "key", "name", "error", "words"),
    [
        ("toy", "321", "net.pth", ConfigError, r"ends in .safetensors, .pt2, .onnx, found net.pth"),
        ("toy", "32", "net.pt2", StructureError, "found '32'"),
        ("toy", "329", "net.pt2", StructureError, "expected"),
        ("fish", "321", "net.pt2", ConfigError, "found 'fish'"),
    ],
)
def test_what_cannot_be_exported_is_refused(task, key, name, error, words, net_of, tmp_path):
    with pytest.raises(error, match=words):
        export_structure(net_of(), task, key, tmp_path / name)

    assert not list(tmp_path.iterdir())


def test_without_the_packages_onnx_is_refused(net_of, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(ConfigError, match=r"expected the package onnxruntime for ONNX, found none; pip install"):
        export_structure(net_of(), "toy", "321", tmp_path / "net.onnx")
