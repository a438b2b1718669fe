"""A saved network that nothing has to be trained for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from den_core.checkpoints import CheckpointInfo, Metrics, read_metrics
from den_core.measuring import EvaluationSet
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


@pytest.fixture
def toy_set(network, rng) -> EvaluationSet:
    """Thirty random images of the "toy" task with random model distributions."""
    images = torch.randint(256, (30, 32, 32, 3), generator=rng, dtype=torch.uint8)
    C = (3 * torch.randn(30, network.num_blocks, network.num_levels, generator=rng)).softmax(-1)
    return EvaluationSet(network.task("toy"), images, torch.randint(5, (30,), generator=rng), C)


@pytest.fixture
def held_out(network, rng) -> EvaluationSet:
    """As many images as `toy_set` has, and others, whose model distributions are much surer."""
    images = torch.randint(256, (30, 32, 32, 3), generator=rng, dtype=torch.uint8)
    C = (12 * torch.randn(30, network.num_blocks, network.num_levels, generator=rng)).softmax(-1)
    return EvaluationSet(network.task("toy"), images, torch.randint(5, (30,), generator=rng), C)


@pytest.fixture(scope="session")
def tiny_metrics(tiny_checkpoint) -> Metrics:
    """What was measured of the really trained tiny network: 60 test images of every task."""
    return read_metrics(tiny_checkpoint)
