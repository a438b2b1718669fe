"""Operating points and controls are what their names say."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from den_core.checkpoints import read_metrics
from den_core.errors import CheckpointError
from den_core.evaluation import (
    EvaluationSet,
    Evaluator,
    best_static,
    class_accuracy,
    distinct_per_600,
    logits,
    mean_total_macs,
    operating_point,
    test_sets,
    tilted_levels,
    weight_for_macs,
)
from den_core.evaluation import TaskResult as Result
from den_core.report import frame_of, largest_difference, metrics_table, report_table
from den_core.structures import random_structures


@pytest.fixture
def toy_set(network, rng) -> EvaluationSet:
    """Thirty random images of the "toy" task with what the untrained selector says of them."""
    images = torch.randint(256, (30, 32, 32, 3), generator=rng, dtype=torch.uint8)
    C = (3 * torch.randn(30, network.num_blocks, network.num_levels, generator=rng)).softmax(-1)
    return EvaluationSet(network.task("toy"), images, torch.randint(5, (30,), generator=rng), C)


@pytest.fixture(scope="session")
def tiny_metrics(tiny_checkpoint):
    return read_metrics(tiny_checkpoint)


def test_class_accuracy_by_hand():
    """Class 0: two of three, class 1: none of one, class 2 does not occur, class 3: one of one."""
    right, labels = torch.tensor([True, True, False, False, True]), torch.tensor([0, 0, 0, 1, 3])

    assert class_accuracy(right, labels) == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_logits_are_those_of_every_image_alone(network, toy_set, rng):
    z = random_structures(30, network.num_blocks, network.num_levels, rng)

    found = logits(network, toy_set, z)

    x = network.preprocess(list(toy_set.images.numpy()), "toy")
    for i in (0, 7, 29):
        torch.testing.assert_close(found[i : i + 1], network.classify(x[i : i + 1], "toy", z[i : i + 1]),
                                   atol=1e-4, rtol=1e-4)  # fmt: skip


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_random_control_hits_the_budget(share, network):
    n, h = network.num_blocks, network.num_levels
    low = network.table.task_macs["toy"]
    high = int(network.full_cost("toy").macs[0])
    budget = low + share * (high - low)

    C = tilted_levels(network, "toy", budget)

    mean = float((C.double() * network.block_macs).sum()) + low
    assert mean == pytest.approx(budget, rel=1e-4)
    torch.testing.assert_close(C.sum(-1), torch.ones(n))
    assert C.shape == (n, h) and C.min() > 0


def test_random_control_goes_as_far_as_it_can(network):
    assert tilted_levels(network, "toy", 0)[:, 0].min() > 0.99
    assert tilted_levels(network, "toy", 1e12)[:, -1].min() > 0.99


def test_the_dial_finds_a_weight_that_keeps_within_a_goal(network, toy_set):
    data = {"toy": toy_set}
    cheapest, dearest = mean_total_macs(network, data, 400), mean_total_macs(network, data, -400)

    for share in (0.2, 0.5, 0.9):
        goal = cheapest + share * (dearest - cheapest)
        weight = weight_for_macs(network, data, goal)
        assert mean_total_macs(network, data, weight) <= goal < mean_total_macs(network, data, weight - 1e-3) * 1.2
    assert dearest == float(network.full_cost("toy").total_macs[0])


@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_best_static_structure_stays_within_its_budget(share, network, toy_set):
    low, high = network.table.task_macs["toy"], int(network.full_cost("toy").macs[0])
    budget = low + share * (high - low)

    z = best_static(network, toy_set, budget, seed=0, trials=12)

    assert z.shape == (network.num_blocks,)
    assert int(network.cost(z[None], "toy").macs) <= budget
    assert torch.equal(z, best_static(network, toy_set, budget, seed=0, trials=12))


def test_permutations_deal_out_the_same_structures(network, toy_set, rng):
    z = random_structures(30, network.num_blocks, network.num_levels, rng)

    dealt = Evaluator(network, {"toy": toy_set}, {"toy": toy_set})._permutations(z, "toy")

    assert len(dealt) > 1 and not torch.equal(dealt[0], dealt[1])
    for other in dealt:
        assert sorted(other.tolist()) == sorted(z.tolist())
        assert not torch.equal(other, z)


def test_distinct_structures_are_counted_in_equal_shares_of_600():
    """Two tasks: the first 300 rows of each count. Row 300 of the first task would be the third structure."""
    first, second = torch.zeros(400, 4, dtype=torch.int64), torch.zeros(400, 4, dtype=torch.int64)
    first[299, 0] = 1
    first[300, 0] = 2

    assert distinct_per_600({"a": first, "b": second}) == 2


def test_averages_count_every_task_equally():
    big, small = Result(1000, 0.5, 0.4, 1e6, 10.0, 3), Result(10, 1.0, 1.0, 3e6, 30.0, 2)

    point = operating_point("chosen", None, {"big": big, "small": small})

    assert point["average"] == {"accuracy": 0.75, "class_accuracy": 0.7, "mean_macs": 2e6}
    assert point["tasks"]["small"]["images"] == 10


# ------------------------------------------------------------------ a whole measurement


def test_metrics_hold_every_operating_point(tiny_metrics, tiny_net):
    methods = [point["method"] for point in tiny_metrics.operating_points]

    assert methods[:5] == ["chosen", "full", "random", "static", "permuted"]
    assert [p["parameter"] for p in tiny_metrics.operating_points if p["method"] == "level"] == [1.0, 2.0]
    assert all(set(point["tasks"]) == set(tiny_net.tasks) for point in tiny_metrics.operating_points)


def test_permuted_costs_what_the_choice_costs(tiny_metrics):
    own, permuted = tiny_metrics.point("chosen"), tiny_metrics.point("permuted")

    for task, result in own["tasks"].items():
        assert permuted["tasks"][task]["mean_macs"] == pytest.approx(result["mean_macs"], rel=1e-12)
        assert permuted["tasks"][task]["distinct_structures"] == result["distinct_structures"]
        gain = result["accuracy"] - permuted["tasks"][task]["accuracy"]
        assert tiny_metrics.instance_gain["tasks"][task] == pytest.approx(gain)


def test_controls_do_not_cost_more_than_the_choice(tiny_metrics):
    own = tiny_metrics.point("chosen")["tasks"]

    for task, result in tiny_metrics.point("static")["tasks"].items():
        assert result["mean_macs"] <= own[task]["mean_macs"]
    for task, result in tiny_metrics.point("random")["tasks"].items():
        assert result["mean_macs"] <= own[task]["mean_macs"] * 1.05  # a draw's mean, not its expectation


def test_full_costs_the_full_model_without_a_selector(tiny_metrics, tiny_net):
    for task, result in tiny_metrics.point("full")["tasks"].items():
        assert result["mean_macs"] == int(tiny_net.full_cost(task).macs[0])


def test_the_choice_is_measured_as_the_network_makes_it(tiny_metrics, tiny_net):
    data = test_sets(tiny_net, limit=60, progress=False)["emoji"]
    z = tiny_net.choose(data.distribution)

    right = logits(tiny_net, data, z).argmax(1) == data.labels

    found = tiny_metrics.point("chosen")["tasks"]["emoji"]
    assert found["accuracy"] == pytest.approx(float(right.double().mean()))
    assert found["mean_macs"] == pytest.approx(float(tiny_net.cost(z, "emoji").total_macs.double().mean()))


# ------------------------------------------------------------------ tables


def test_largest_difference_looks_at_every_accuracy(tiny_metrics):
    assert largest_difference(tiny_metrics, tiny_metrics) == 0
    points = [dict(point) for point in tiny_metrics.operating_points]
    points[3] = points[3] | {"tasks": {t: dict(r) for t, r in points[3]["tasks"].items()}}
    points[3]["tasks"]["emoji"]["class_accuracy"] += 0.25

    changed = dataclasses.replace(tiny_metrics, operating_points=points)

    assert largest_difference(changed, tiny_metrics) == pytest.approx(0.25)


def test_metrics_with_other_points_cannot_be_compared(tiny_metrics):
    with pytest.raises(CheckpointError, match="expected an operating point level 1.0"):
        fewer = [p for p in tiny_metrics.operating_points if p["method"] != "level"]
        largest_difference(tiny_metrics, dataclasses.replace(tiny_metrics, operating_points=fewer))


def test_tables_show_percent_and_mmacs(tiny_metrics, tiny_checkpoint):
    frame = frame_of(tiny_metrics)
    own = tiny_metrics.point("chosen")

    assert frame.loc[0, "average %"] == pytest.approx(100 * own["average"]["accuracy"])
    assert frame.loc[0, "MMACs"] == pytest.approx(own["average"]["mean_macs"] / 1e6)
    assert "instance gain" in metrics_table(tiny_metrics)
    both = report_table([tiny_checkpoint, tiny_checkpoint])
    assert len(both) == 2 * len(frame) and set(both["backbone"]) == {"wrn-8-1"}


def test_a_checkpoint_without_metrics_has_no_row(saved):
    with pytest.raises(CheckpointError, match="evaluate --write"):
        report_table([saved])


def test_a_cost_weight_that_was_found_again_is_the_same_point(tiny_metrics):
    """Another machine finds a weight that differs in its last digits."""
    weighted = dict(tiny_metrics.operating_points[0]) | {"method": "cost_weight", "parameter": 0.478731}
    a = dataclasses.replace(tiny_metrics, operating_points=[weighted])
    b = dataclasses.replace(tiny_metrics, operating_points=[weighted | {"parameter": 0.478732}])
    c = dataclasses.replace(tiny_metrics, operating_points=[weighted | {"parameter": 0.6}])

    assert largest_difference(a, b) == 0
    with pytest.raises(CheckpointError):
        largest_difference(a, c)
