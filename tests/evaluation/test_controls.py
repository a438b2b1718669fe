"""Structures of the controls, and the weights that set what the choices cost."""

from __future__ import annotations

import pytest
import torch

from den_core.evaluation.controls import permutations, random_draws, tilted_levels
from den_core.evaluation.dial import mean_total_macs, weight_for_macs, weights_for_shares
from den_core.structures import random_structures


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_random_control_hits_the_budget(share, network):
    n, h = network.num_blocks, network.num_levels
    low = network.table.task_macs["toy"]
    high = int(network.full_cost("toy").macs[0])
    budget = low + share * (high - low)

    C = tilted_levels(network, "toy", budget)

    mean = float((C.double() * network.table.block_macs).sum()) + low
    assert mean == pytest.approx(budget, rel=1e-4)
    torch.testing.assert_close(C.sum(-1), torch.ones(n))
    assert C.shape == (n, h) and C.min() > 0


def test_random_control_goes_as_far_as_it_can(network):
    assert tilted_levels(network, "toy", 0)[:, 0].min() > 0.99
    assert tilted_levels(network, "toy", 1e12)[:, -1].min() > 0.99


def test_random_draws_differ_and_cost_the_budget_on_average(network):
    budget = 0.5 * float(network.full_cost("toy").macs[0])

    draws = random_draws(network, "toy", budget, 4000, 2, seed=0)

    assert not torch.equal(*draws)
    for z in draws:
        assert float(network.cost(z, "toy").macs.double().mean()) == pytest.approx(budget, rel=0.02)
    assert torch.equal(draws[1], random_draws(network, "toy", budget, 4000, 2, seed=0)[1])
    assert not torch.equal(draws[1], random_draws(network, "toy", budget, 4000, 2, seed=1)[1])


def test_the_dial_finds_a_weight_that_keeps_within_a_goal(network, toy_set):
    data = {"toy": toy_set}
    cheapest, most = mean_total_macs(network, data, 400), mean_total_macs(network, data, -400)

    for share in (0.2, 0.5, 0.9):
        goal = cheapest + share * (most - cheapest)
        weight = weight_for_macs(network, data, goal)
        assert mean_total_macs(network, data, weight) <= goal < mean_total_macs(network, data, weight - 1e-3) * 1.2
    assert most == float(network.full_cost("toy").total_macs[0])


def test_shares_out_of_reach_have_no_weight(network, toy_set):
    """The total of the full structure is above the full model's MACs by the selector; half of that share is free."""
    full = float(network.full_cost("toy").macs[0])

    weights = weights_for_shares(network, {"toy": toy_set}, (0.001, 0.8, 0.9, 50.0))

    assert len(weights) == 2 and weights == sorted(weights)
    for weight, share in zip(weights, (0.9, 0.8), strict=True):
        assert mean_total_macs(network, {"toy": toy_set}, weight) == pytest.approx(share * full, rel=0.1)


def test_permutations_deal_out_the_same_structures(network, rng):
    z = random_structures(30, network.num_blocks, network.num_levels, rng)

    permuted = permutations(z, "toy", 2, seed=0)

    assert not torch.equal(permuted[0], permuted[1])
    for other in permuted:
        assert sorted(other.tolist()) == sorted(z.tolist())
        assert not torch.equal(other, z)


def test_a_task_is_permuted_alike_whatever_was_chosen(network, rng):
    """So that two cost weights are compared on the same pairs of images."""
    rows = torch.arange(30)[:, None]

    first, second = permutations(rows, "toy", 2, 0)[1], permutations(rows + 100, "toy", 3, 0)[1]

    assert torch.equal(first + 100, second)
    assert not torch.equal(first, permutations(rows, "wide", 2, 0)[1])
