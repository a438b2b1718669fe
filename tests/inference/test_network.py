"""The loaded network: its public interface, the dial, and callers that share it."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import den_core
from den_core.errors import ConfigError, ImageError, StructureError
from den_core.structures import full_structure, random_structures

REPOSITORY = Path(__file__).resolve().parents[2]

INTERFACE = """
import den_core
net   = den_core.load("checkpoints/open3-wrn")
x     = net.preprocess(images, task="emoji")
C     = net.model_distribution(x, task="emoji")
z     = net.choose(C)
y     = net.classify(x, task="emoji", structure=z)
cost  = net.cost(z, task="emoji")
small = net.extract(z[0], task="emoji")
"""


@pytest.fixture
def checkpoint_here(tiny_checkpoint, tmp_path, monkeypatch):
    """A working folder in which the paths of the README lead to the tiny checkpoint."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "open3-wrn").symlink_to(tiny_checkpoint)
    (tmp_path / "assets").symlink_to(REPOSITORY / "assets")
    monkeypatch.chdir(tmp_path)


def check_interface(found: dict, images: int) -> None:
    net, cost = found["net"], found["cost"]
    n, h = net.num_blocks, net.num_levels
    assert found["x"].shape == (images, 3, 64, 64) and found["x"].dtype == torch.float32
    assert found["C"].shape == (images, n, h)
    torch.testing.assert_close(found["C"].sum(-1), torch.ones(images, n))
    assert torch.equal(found["z"], found["C"].argmax(-1)) and found["z"].dtype == torch.int64
    assert found["y"].shape == (images, net.task("emoji").num_classes)
    assert all(part.shape == (images,) for part in vars(cost).values())
    assert (cost.total_macs > cost.macs).all() and (cost.total_params > cost.params).all()
    assert (net.cost(net.choose(found["C"], cost_weight=0.3), task="emoji").macs <= cost.macs).all()
    torch.testing.assert_close(found["small"](found["x"][:1]), found["y"][:1], atol=1e-4, rtol=1e-4)


def test_the_interface_works_as_designed(checkpoint_here, rng):
    """PIL images, paths, encoded bytes and uint8 arrays, in one list."""
    picture = Image.new("RGBA", (40, 20), (200, 30, 60, 128))
    encoded = io.BytesIO()
    picture.save(encoded, "png")
    Path("picture.png").write_bytes(encoded.getvalue())
    found = {"images": [picture, "picture.png", Path("picture.png"), encoded.getvalue(),
                        np.zeros((9, 9), np.uint8), np.zeros((70, 70, 3), np.uint8)]}  # fmt: skip

    exec(INTERFACE, found)

    check_interface(found, 6)
    assert torch.equal(found["x"][0], found["x"][1]) and torch.equal(found["x"][1], found["x"][3])


def test_the_readme_shows_code_that_works(checkpoint_here):
    [interface] = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text("utf-8"), re.DOTALL)
    found: dict = {}

    exec(interface, found)

    check_interface(found, 1)


def test_one_image_needs_no_list(network):
    picture = Image.new("L", (32, 32), 128)

    assert network.preprocess(picture, "toy").shape == (1, 3, 32, 32)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), sharpness=st.floats(0.1, 30))
def test_mean_macs_fall_as_the_cost_weight_rises(seed, sharpness, tiny_net):
    generator = torch.Generator().manual_seed(seed)
    C = (sharpness * torch.randn(20, tiny_net.num_blocks, tiny_net.num_levels, generator=generator)).softmax(-1)

    macs = [float(tiny_net.cost(tiny_net.choose(C, w), "fashion").macs.double().mean()) for w in np.linspace(-9, 9, 19)]

    assert all(later <= sooner for sooner, later in zip(macs, macs[1:], strict=False))
    assert torch.equal(tiny_net.choose(C), C.argmax(-1))


def test_the_dial_reaches_both_ends(tiny_net):
    C = torch.full((1, tiny_net.num_blocks, tiny_net.num_levels), 0.25)

    assert tiny_net.choose(C, 1e6).eq(0).all()
    assert tiny_net.choose(C, -1e6).eq(tiny_net.num_levels - 1).all()


def test_a_level_that_the_selector_rules_out_can_still_be_compared(tiny_net):
    """log 0 must not make a price of minus infinity: certain rows stay as they are."""
    C = torch.zeros(1, tiny_net.num_blocks, tiny_net.num_levels)
    C[..., 2] = 1

    assert tiny_net.choose(C, 0.5).eq(2).all() and torch.isfinite(C).all()


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_cost_weight_must_be_finite(weight, network):
    with pytest.raises(ConfigError, match="finite"):
        network.choose(torch.full((1, 3, 4), 0.25), weight)


def test_threads_that_share_a_network_get_right_answers(network, rng):
    """Different tasks, images and structures at once; every answer equals the one computed alone."""
    calls = []
    for i in range(24):
        task, size = (("toy", 32), ("wide", 64))[i % 2]
        x = torch.randn(1 + i % 5, 3, size, size, generator=rng)
        calls.append((x, task, random_structures(len(x), network.num_blocks, network.num_levels, rng)))

    def ask(call):
        x, task, z = call
        return network.model_distribution(x, task), network.classify(x, task, z), network.classify(x, task)

    alone = [ask(call) for call in calls]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(ask, calls * 3))

    for expected, found in zip(alone * 3, together, strict=True):
        for a, b in zip(expected, found, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_one_structure_serves_a_whole_batch(network, rng):
    x = torch.randn(4, 3, 32, 32, generator=rng)
    z = random_structures(1, network.num_blocks, network.num_levels, rng)

    assert torch.equal(network.classify(x, "toy", z), network.classify(x, "toy", z.repeat(4, 1)))


def test_full_cost_is_the_cost_of_the_full_structure(network):
    z = full_structure(1, network.num_blocks, network.num_levels)

    assert vars(network.full_cost("toy")) == vars(network.cost(z, "toy"))


def test_bad_requests_are_refused(network):
    x = torch.zeros(1, 3, 32, 32)
    with pytest.raises(ConfigError, match="expected one of the tasks toy, wide, found 'emoji'"):
        network.classify(x, "emoji")
    with pytest.raises(ConfigError, match="call preprocess first"):
        network.model_distribution(x, "wide")
    with pytest.raises(StructureError, match="shape"):
        network.classify(x, "toy", torch.zeros(2, 7, dtype=torch.int64))
    with pytest.raises(StructureError, match="found 9"):
        network.cost(torch.full((1, 3), 9), "toy")
    with pytest.raises(ImageError):
        network.preprocess(b"no image", "toy")


def test_importing_the_library_is_light():
    assert den_core.load is den_core.inference.network.load
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        den_core.lode  # noqa: B018
