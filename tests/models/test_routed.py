"""Routed networks: a level runs its own module, alike in every way to run it, and everybody shares the convolutions."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from den_core.errors import ConfigError
from den_core.models.accounting import cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector

MODULES = 3


@pytest.fixture
def config(toy_network):
    network = toy_network("simple-convnet-narrow")
    return dataclasses.replace(network, backbone=dataclasses.replace(network.backbone, modules=MODULES))


@pytest.fixture
def estimator(config, trained_norms, rng):
    """In evaluation mode, with norms that look trained."""
    made = Estimator(config)
    trained_norms(made, rng)
    return made.eval()


def test_every_way_to_run_them_gives_the_same(estimator, runs_alike):
    runs_alike(estimator)


@torch.no_grad()
def test_levels_differ_where_there_are_modules_and_nowhere_else(estimator, toy_images):
    task, x = next(iter(toy_images(estimator, 2).items()))
    start = torch.zeros(2, estimator.num_blocks, dtype=torch.int64)
    for place, differs in enumerate((False, False, True, True)):
        z = start.clone()
        z[:, place] = MODULES - 1

        assert torch.equal(estimator.classify(x, z, task), estimator.classify(x, start, task)) != differs


def test_an_image_is_charged_for_one_module_of_each_layer(config, toy_network):
    plain = toy_network("simple-convnet-narrow")
    one, several = (cost_table(Estimator(network), Selector(network)) for network in (plain, config))

    assert several.block_macs.shape == (4, MODULES)
    assert (several.block_macs == several.block_macs[:, :1]).all()
    assert int(several.block_macs[:, 0].sum()) == int(one.block_macs[:, -1].sum())
    assert int(several.block_params[:, 0].sum()) == int(one.block_params[:, -1].sum())


def test_there_must_be_layers_to_route_between(toy_network):
    config = toy_network("wrn-8-1")

    with pytest.raises(ConfigError, match="fully connected layers that have no levels, such as simple-convnet"):
        Estimator(dataclasses.replace(config, backbone=dataclasses.replace(config.backbone, modules=2)))
    with pytest.raises(ConfigError, match="expected modules or networks, found 2 modules and 2 networks"):
        dataclasses.replace(config.backbone, modules=2, networks=2)
