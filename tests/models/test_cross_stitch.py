"""Cross-stitch networks: separate ones where nothing is mixed, and run alike in every way."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from den_core.errors import ConfigError
from den_core.models.accounting import cost_table
from den_core.models.cross_stitch import OWN, StitchedBlock
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.static import ExtractedNetwork, StaticEstimator
from den_core.structures import full_structure, random_structures

BACKBONES = ("wrn-8-1", "simple-convnet-narrow")


@pytest.fixture
def make_stitched(toy_network, trained_norms, rng):
    """Two networks side by side in evaluation mode, whose norms look trained, with mixing weights of their own."""

    def make_stitched(backbone: str) -> Estimator:
        network = toy_network(backbone)
        config = dataclasses.replace(network, backbone=dataclasses.replace(network.backbone, networks=2))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            estimator = Estimator(config)
        trained_norms(estimator, rng)
        return estimator.eval()

    return make_stitched


@pytest.mark.parametrize("backbone", BACKBONES)
def test_without_mixing_they_are_separate_networks(backbone, make_stitched, toy_network, toy_images):
    stitched, network = make_stitched(backbone), toy_network(backbone)
    with torch.no_grad():
        for block in stitched.blocks:
            if block.mixing is not None:
                block.mixing.copy_(torch.eye(2))
    images = toy_images(stitched, 3)
    for place, task in enumerate(network.tasks):
        alone = Estimator(dataclasses.replace(network, tasks=(task,))).eval()
        alone.stems.load_state_dict({k: v for k, v in stitched.stems.state_dict().items() if k.startswith(task.name)})
        for block, pair in zip(alone.blocks, stitched.blocks, strict=True):
            block.load_state_dict(pair.sides[place].state_dict())
        alone.heads[task.name].load_state_dict(stitched.heads[task.name].state_dict())
        z = full_structure(3, alone.num_blocks, alone.num_levels)

        expected = alone.classify(images[task.name], z, task.name)

        torch.testing.assert_close(stitched.classify(images[task.name], z, task.name), expected)


def test_mixing_starts_near_the_own_maps_at_the_end_of_every_stage_and_learns(make_stitched, toy_images):
    stitched = make_stitched("wrn-8-1").train()
    images = toy_images(stitched, 4)
    z = {task: full_structure(4, stitched.num_blocks, stitched.num_levels) for task in images}

    sum(logits.square().sum() for logits in stitched(images, z).values()).backward()

    found = [block.mixing for block in stitched.blocks]
    assert len(found) == 3 and all(mixing is not None for mixing in found)
    for mixing in found:
        torch.testing.assert_close(mixing.detach(), torch.tensor([[OWN, 1 - OWN], [1 - OWN, OWN]]))
        assert (mixing.grad != 0).all()


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_way_to_run_them_gives_the_same(backbone, make_stitched, runs_alike):
    runs_alike(make_stitched(backbone))


@torch.no_grad()
def test_static_forms_are_copies(make_stitched, toy_images, rng):
    stitched = make_stitched("wrn-8-1")
    task, x = next(iter(toy_images(stitched, 3).items()))
    z = random_structures(3, stitched.num_blocks, stitched.num_levels, rng)
    z[0] = 0
    static, alone = StaticEstimator(stitched), ExtractedNetwork(stitched, z[0], task)
    expected = static(x, z, task), alone(x)

    for block in stitched.blocks:
        block.mixing.zero_()

    assert torch.equal(static(x, z, task), expected[0]) and torch.equal(alone(x), expected[1])


def test_an_image_is_charged_for_all_networks_and_the_mixing(make_stitched, toy_network):
    one, two = (Estimator(toy_network("wrn-8-1")), make_stitched("wrn-8-1"))
    selector = Selector(toy_network("wrn-8-1"))

    alone, both = (cost_table(estimator, selector) for estimator in (one, two))

    mixing = 4 * torch.tensor([[16 * 32 * 32], [32 * 16 * 16], [64 * 8 * 8]])
    # at level 0 the branches are skipped, and mixing remains
    assert torch.equal(both.block_macs, 2 * alone.block_macs + mixing)
    assert torch.equal(both.block_params, 2 * alone.block_params + 4)
    assert both.task_macs == alone.task_macs


def test_there_is_a_network_for_every_task_or_one_for_all(toy_network):
    config = toy_network()

    with pytest.raises(ConfigError, match="expected one network for all tasks or one for each of the 2, found 3"):
        dataclasses.replace(config, backbone=dataclasses.replace(config.backbone, networks=3))


def test_blocks_of_a_stage_are_mixed_at_its_end_alone(toy_network):
    config = toy_network("wrn-14-1")
    backbone = dataclasses.replace(config.backbone, networks=2)
    blocks = Estimator(dataclasses.replace(config, backbone=backbone)).blocks

    assert all(isinstance(block, StitchedBlock) for block in blocks)
    assert [block.mixing is not None for block in blocks] == [False, True] * 3
