"""What a cost weight chooses, computed from galleries, is what a network would choose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from den_core.analysis import cost_weight
from den_core.costs import CostModel, in_full_blocks
from den_core.errors import ConfigError

RELATIVE = np.array([[0.0, 0.5, 1.0], [0.0, 0.5, 1.0]])
C = np.array([[[0.1, 0.3, 0.6], [0.2, 0.5, 0.3]], [[0.05, 0.05, 0.9], [0.9, 0.1, 0.0]]], dtype=np.float32)


@pytest.fixture
def weighted(make_gallery):
    """Two images with the distributions C, and a cost table in which a full block has 1000 MACs."""
    costs = CostModel((1000 * RELATIVE).astype(np.int64), task_macs=100, selector_macs=10)
    return dataclasses.replace(make_gallery(C), costs=costs)


def test_weight_0_takes_the_most_probable_levels():
    assert cost_weight.choose_levels(C, RELATIVE, 0).tolist() == [[2, 1], [2, 0]]


def test_a_cost_weight_trades_probability_for_macs():
    # Block 0 of image 0: log(0.6 / 0.3) = 0.69 nats for half a block's MACs, so that 1.5 · 0.5 is enough to move it.
    assert cost_weight.choose_levels(C, RELATIVE, 1.3).tolist()[0][0] == 2
    assert cost_weight.choose_levels(C, RELATIVE, 1.5).tolist()[0][0] == 1


def test_it_agrees_with_the_network(tiny_checkpoint):
    import torch

    from den_core.inference.network import load

    net = load(tiny_checkpoint)
    rng = np.random.default_rng(0)
    C = rng.dirichlet(np.full(net.num_levels, 0.5), size=(500, net.num_blocks)).astype(np.float32)
    C[:250] = C[:250].astype(np.float16)  # as galleries hold it: small probabilities become 0
    C[:9, :, 1:] = 0
    C[9] = 1 / net.num_levels
    relative = in_full_blocks(net.table.block_macs.numpy())
    for weight in (-500.0, -5.0, -0.3, 0.0, 0.7, 20.0, 500.0):
        theirs = net.choose(torch.from_numpy(C), cost_weight=weight).numpy()
        np.testing.assert_array_equal(cost_weight.choose_levels(C, relative, weight), theirs)


def test_more_weight_never_costs_more(random_distribution, make_gallery):
    gallery = make_gallery(random_distribution(80, 3, 4))
    macs = [cost_weight.weight_point(gallery, weight).mean_macs for weight in (-50, -1, 0, 1, 50)]
    assert macs == sorted(macs, reverse=True)


def test_a_point_counts_changed_images_and_their_levels(weighted):
    own, cheap = cost_weight.weight_point(weighted, 0), cost_weight.weight_point(weighted, 1.5)
    assert own.changed.tolist() == [False, False]
    assert own.mean_macs == (100 + 10 + 1500 + 100 + 10 + 1000) / 2
    assert cheap.levels.tolist() == [[1, 1], [2, 0]]
    assert cheap.changed.tolist() == [True, False]
    assert cheap.usage.to_numpy().tolist() == [[0, 0.5, 0.5], [0.5, 0.5, 0]]
    assert cheap.distinct == 2
    assert not cheap.levels.flags.writeable


def test_extreme_weights_take_the_ends(random_distribution, make_gallery):
    gallery = make_gallery(random_distribution(20, 3, 4))
    assert cost_weight.weight_point(gallery, 1e4).distinct == cost_weight.weight_point(gallery, -1e4).distinct == 1


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_an_error(weight):
    with pytest.raises(ConfigError, match="finite"):
        cost_weight.choose_levels(C, RELATIVE, weight)


def test_structures_are_counted_also_where_their_keys_do_not_fit_a_number():
    levels = np.zeros((3, 40), dtype=np.uint8)
    levels[2, 39] = 3
    assert cost_weight.count_structures(levels, 4) == 2
    assert cost_weight.count_structures(levels[:, 30:], 4) == 2


POINTS = pd.DataFrame(
    {
        "method": ["chosen", "full", "cost_weight", "cost_weight"],
        "parameter": [np.nan, np.nan, -1.0, 2.0],
        "task": "toy",
        "accuracy": [0.8, 0.9, 0.85, 0.7],
    }
)


def test_the_weights_to_choose_are_the_measured_ones_and_0():
    assert cost_weight.measured_weights(POINTS) == [-1.0, 0.0, 2.0]
    assert cost_weight.at_weight(POINTS, 0)["accuracy"]["toy"] == 0.8
    assert cost_weight.at_weight(POINTS, 2.0)["accuracy"]["toy"] == 0.7


def test_a_weight_that_was_not_measured_is_an_error():
    with pytest.raises(ConfigError, match="measured"):
        cost_weight.at_weight(POINTS, 1e99)


def test_shares_of_levels_along_cost_weights_sum_to_1(random_distribution, make_gallery):
    gallery = make_gallery(random_distribution(30, 3, 4))
    found = cost_weight.drift({"toy": [cost_weight.weight_point(gallery, weight) for weight in (0, 1, 5)]})
    assert found.groupby("weight")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    assert found.groupby("weight")["changed"].first().is_monotonic_increasing


def test_changed_images_come_with_both_structures_the_most_moved_first(weighted):
    point = cost_weight.weight_point(weighted, 30)
    found = cost_weight.changed_images(weighted, point)
    assert found[["row", "structure", "structure_at_weight", "moved"]].to_numpy().tolist() == [
        [0, "21", "00", 1500],
        [1, "20", "00", 1000],
    ]
    assert (found["macs_at_weight"] == 110).all()
    assert cost_weight.changed_images(weighted, cost_weight.weight_point(weighted, 0)).empty


def test_changes_of_usage_sum_to_0_in_every_block(random_distribution, make_gallery):
    gallery = make_gallery(random_distribution(30, 3, 4))
    own, cheap = cost_weight.weight_point(gallery, 0), cost_weight.weight_point(gallery, 4)
    change = cost_weight.usage_change([cheap, cheap], [own, own])
    np.testing.assert_allclose(change.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(change, cheap.usage - own.usage)
