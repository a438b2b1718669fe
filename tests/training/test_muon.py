"""Muon: what one step does to a weight, and that its state survives a resume point."""

import copy
import dataclasses

import pytest
import torch
from torch import nn

from den_core.errors import ConfigError
from den_core.models.estimator import Estimator
from den_core.recipes import recipe
from den_core.training.muon import Muon, block_weights, orthogonalised
from den_core.training.optimisers import estimator_optimizer, selector_optimizer, set_learning_rate


@pytest.mark.parametrize("shape", [(16, 144), (64, 64), (144, 16)])
def test_orthogonalised_keeps_singular_vectors_and_evens_out_values(shape, rng):
    matrix = torch.randn(shape, generator=rng)
    U, S, Vh = torch.linalg.svd(matrix, full_matrices=False)

    inner = U.T @ orthogonalised(matrix[None])[0] @ Vh.T

    values = inner.diagonal()
    # the iteration scatters values of moderate size around one; the smallest of a square matrix stay below
    assert values[S > 0.1 * S[0]].min() > 0.6 and values.max() < 1.3
    torch.testing.assert_close(inner - values.diag(), torch.zeros_like(inner), atol=1e-3, rtol=0)


def test_orthogonalised_zeros_stay_zeros():
    assert not orthogonalised(torch.zeros(2, 8, 16)).any()


def made(angle: float = 0.01) -> tuple[nn.Module, Muon]:
    torch.manual_seed(0)
    network = nn.ModuleDict({"blocks": nn.ModuleList([nn.Conv2d(8, 16, 3)]), "head": nn.Linear(16, 4)})
    weights = block_weights(network)
    others = [p for p in network.parameters() if all(p is not w for w in weights)]
    return network, Muon(weights, torch.optim.SGD(others, lr=0.1, momentum=0.9, nesterov=True), angle / 0.1)


def descend(network: nn.Module, optimizer: Muon, steps: int) -> None:
    x = torch.randn(4, 8, 6, 6, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        optimizer.zero_grad()
        network["head"](network["blocks"][0](x).mean((2, 3))).logsumexp(1).mean().backward()
        optimizer.step()


def test_a_step_turns_a_weight_by_the_angle_and_keeps_its_norm():
    network, optimizer = made(angle=0.01)
    before = network["blocks"][0].weight.detach().clone()

    descend(network, optimizer, 1)

    after = network["blocks"][0].weight.detach()
    torch.testing.assert_close(after.norm(), before.norm())
    assert 0.005 < float((after - before).norm() / before.norm()) < 0.0105


def test_other_parameters_follow_their_own_optimiser():
    network, optimizer = made()
    alone = copy.deepcopy(network)
    sgd = torch.optim.SGD(alone.parameters(), lr=0.1, momentum=0.9, nesterov=True)

    descend(network, optimizer, 1)
    descend(alone, sgd, 1)

    torch.testing.assert_close(network["head"].weight, alone["head"].weight)
    assert not torch.equal(network["blocks"][0].weight, alone["blocks"][0].weight)


def test_the_state_of_both_is_one_and_can_be_cleared():
    network, optimizer = made()

    descend(network, optimizer, 2)

    assert {id(p) for p in optimizer.state} == {id(p) for p in network.parameters()}
    optimizer.state.clear()
    assert not optimizer.others.state
    descend(network, optimizer, 1)


def test_the_learning_rate_is_scaled_for_turned_weights():
    _, optimizer = made(angle=0.02)

    set_learning_rate(optimizer, 0.05)

    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.01, 0.05])


def test_recipes_without_a_matrix_learning_rate_use_the_papers_optimisers():
    paper = recipe("open3-paper")
    estimator = Estimator(paper.network)

    assert type(estimator_optimizer(estimator, paper.training.estimator)) is torch.optim.SGD
    assert type(selector_optimizer(nn.Linear(2, 2), paper.training.selector)) is torch.optim.Adam


@pytest.mark.parametrize("stage", ["estimator", "selector"])
@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_a_matrix_learning_rate_out_of_range_is_an_error(stage, value):
    config = getattr(recipe("open3-fast").training, stage)

    with pytest.raises(ConfigError, match="matrix_learning_rate"):
        dataclasses.replace(config, matrix_learning_rate=value)


def test_groups_are_orthogonalised_apart(rng):
    """Each group's update has even singular values, however large the other group's gradient is."""
    conv = nn.Conv2d(8, 16, 1, groups=2, bias=False)
    before = conv.weight.detach().clone()
    conv.weight.grad = torch.randn(conv.weight.shape, generator=rng)
    conv.weight.grad[:8] *= 100
    weights = block_weights(nn.ModuleDict({"blocks": nn.ModuleList([conv])}))

    Muon(weights, torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1), 0.001).step()

    assert list(weights.values()) == [2]
    for update in (conv.weight.detach() - before).flatten(1).chunk(2):
        values = torch.linalg.svdvals(update)
        assert values[-1] > 0.5 * values[0]


def test_matrices_too_large_to_turn_are_left_to_the_other_optimiser():
    wide, tall = nn.Conv2d(1025, 1025, 1, bias=False), nn.Conv2d(64, 4096, 3, bias=False)
    grouped = nn.Conv2d(2048, 2048, 1, groups=2, bias=False)

    turned = block_weights(nn.ModuleDict({"blocks": nn.ModuleList([wide, tall, grouped])}))

    assert [id(weight) for weight in turned] == [id(tall.weight), id(grouped.weight)]
