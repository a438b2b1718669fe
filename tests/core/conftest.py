"""A saved network that nothing has to be trained for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from den_core.checkpoints import CheckpointInfo
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.network import DeepElasticNetwork, load
from den_core.weights import save_checkpoint


@pytest.fixture
def network(toy_network, rng, trained_norms) -> DeepElasticNetwork:
    """A tiny network with random weights and norms that look trained; tasks "toy" (32 px) and "wide" (64 px)."""
    config = toy_network(critic=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        estimator, selector = Estimator(config), Selector(config)
    trained_norms(estimator, rng)
    trained_norms(selector, rng)
    return DeepElasticNetwork(estimator, selector, CheckpointInfo(config))


@pytest.fixture
def saved(network, tmp_path) -> Path:
    """The checkpoint folder of that network."""
    folder = tmp_path / "saved"
    save_checkpoint(folder, network.info, {"estimator": network.estimator, "selector": network.selector}, half=False)
    return folder


@pytest.fixture(scope="session")
def tiny_net(tiny_checkpoint) -> DeepElasticNetwork:
    """The really trained tiny network, loaded once: it holds no state."""
    return load(tiny_checkpoint)
