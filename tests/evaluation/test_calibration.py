"""From a budget to a cost weight and an accuracy; the best fixed structure within one."""

from __future__ import annotations

import pytest
import torch

from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation.dial import (
    best_static,
    calibrate,
    calibrate_latency,
    mean_total_macs,
    within_latency,
    within_share,
)
from den_core.evaluation.measuring import measure
from den_core.evaluation.sets import test_sets as load_test_sets
from den_core.evaluation.sets import validation_sets
from den_core.inference.calibration import FILE, Calibration, milliseconds, read_calibration, write_calibration
from den_core.structures import parse_structure


@pytest.fixture(scope="module")
def validation(tiny_net):
    return validation_sets(tiny_net, limit=40, progress=False)


@pytest.fixture(scope="module")
def calibration(tiny_net, validation):
    return calibrate(tiny_net, validation, steps=12)


def full_macs(net) -> float:
    return float(torch.stack([net.full_cost(task).macs[0].double() for task in net.tasks]).mean())


def test_the_cost_weight_of_a_budget_spends_it(tiny_net, validation, calibration):
    """Choices jump from structure to structure, so that a budget is met to within the jumps of 120 images."""
    for share in (0.7, 0.9, 1.1):  # this tiny network's selector takes 0.38 of the full MACs by itself
        spent = mean_total_macs(tiny_net, validation, calibration.cost_weight(share)) / full_macs(tiny_net)
        assert spent == pytest.approx(share, abs=0.06)


def test_more_budget_never_means_a_higher_cost_weight(calibration):
    assert list(calibration.spent) == sorted(calibration.spent)
    assert list(calibration.cost_weights) == sorted(calibration.cost_weights, reverse=True)
    assert calibration.images == 120


def test_the_ends_are_the_cheapest_and_the_most_expensive_choices(tiny_net, calibration):
    n, h = tiny_net.num_blocks, tiny_net.num_levels
    selector = [tiny_net.table.selector_macs[task] for task in tiny_net.tasks]
    most = (full_macs(tiny_net) + sum(selector) / len(selector)) / full_macs(tiny_net)

    assert calibration.spent[-1] == pytest.approx(most)
    cheapest = [tiny_net.cost(tiny_net.choose(torch.ones(1, n, h), 1e6), task).total_macs[0] for task in tiny_net.tasks]
    assert calibration.spent[0] == pytest.approx(float(torch.stack(cheapest).double().mean()) / full_macs(tiny_net))


@pytest.mark.parametrize("share", [-1.0, 0.01, 1.5, float("nan")])
def test_a_budget_out_of_reach_names_what_is_reached(share, calibration):
    low, high = calibration.spent[0], calibration.spent[-1]

    with pytest.raises(ConfigError, match=f"expected a budget from {low:.3f} to {high:.3f} .* found {share:g}"):
        calibration.cost_weight(share)


def test_a_calibration_is_read_as_it_was_written(calibration, tmp_path):
    write_calibration(tmp_path, calibration)

    assert read_calibration(tmp_path) == calibration


def test_a_folder_without_a_calibration_has_none(tmp_path):
    assert read_calibration(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "{}", '{"cost_weights": [1], "shares": [0.5], "images": 3}',
             '{"cost_weights": [2, 1], "shares": [0.5, 0.4], "images": 3}',
             '{"cost_weights": [1], "shares": [0.4, 0.5], "images": 3}']
)  # fmt: skip
def test_a_damaged_calibration_is_named(text, tmp_path):
    (tmp_path / FILE).write_text(text)

    with pytest.raises(CheckpointError, match=FILE):
        read_calibration(tmp_path)


def test_accuracy_within_a_budget_is_that_of_the_choices_it_pays_for(tiny_net, validation):
    data = load_test_sets(tiny_net, limit=50, progress=False)

    found = within_share(tiny_net, validation, data, 0.8)

    weight = found["cost_weight"].iloc[0]
    for task in tiny_net.tasks:
        own = measure(tiny_net, data[task], tiny_net.choose(data[task].distribution, weight), with_selector=True)
        assert found.loc[task, "accuracy"] == pytest.approx(own.accuracy)
        assert found.loc[task, "share"] == pytest.approx(own.mean_macs / float(tiny_net.full_cost(task).macs[0]))
    assert found.loc["average", "accuracy"] == pytest.approx(found.loc[list(tiny_net.tasks), "accuracy"].mean())
    assert found.loc["average", "share"] == pytest.approx(0.8, abs=0.1)


def test_the_best_static_structure_fits_its_budget(tiny_net, validation):
    key = best_static(tiny_net, validation["emoji"], 0.5)

    z = parse_structure(key, tiny_net.num_blocks, tiny_net.num_levels)
    assert float(tiny_net.cost(z, "emoji").macs[0]) <= 0.5 * float(tiny_net.full_cost("emoji").macs[0])
    assert best_static(tiny_net, validation["emoji"], 0.5) == key


@pytest.mark.parametrize("share", [0.0, 0.001, 1.2])
def test_a_static_budget_out_of_reach_is_refused(share, tiny_net, validation):
    with pytest.raises(ConfigError, match="expected a budget"):
        best_static(tiny_net, validation["emoji"], share)


def test_calibration_of_another_size_can_be_made_by_hand():
    made = Calibration((3.0, 0.0, -3.0), (0.2, 0.5, 0.9), 10)

    assert made.cost_weight(0.35) == pytest.approx(1.5)


def test_a_latency_is_met_by_cheaper_choices(tiny_net, validation, calibration):
    """Times rise along the dial, and half way between its ends lies a cost weight between them."""
    found = calibrate_latency(tiny_net, validation, calibration, batch=16)

    assert list(found.spent) == sorted(found.spent) and found.spent[0] > 0
    assert list(found.cost_weights) == sorted(found.cost_weights, reverse=True)
    middle = (found.spent[0] + found.spent[-1]) / 2
    assert found.cost_weights[-1] < found.cost_weight(middle) < found.cost_weights[0]


def test_a_latency_out_of_reach_names_what_is_reached():
    dial = Calibration((3.0, 0.0, -3.0), (1.0, 2.0, 4.0), 10, milliseconds(16))

    assert dial.cost_weight(1.5) == pytest.approx(1.5)
    with pytest.raises(ConfigError, match=r"a latency from 1 to 4 ms per image, .* in batches of 16, found 0.5"):
        dial.cost_weight(0.5)


def test_impossible_latencies_are_refused(tiny_net, calibration):
    few = validation_sets(tiny_net, limit=4, progress=False)
    with pytest.raises(ConfigError, match="from .* ms per image"):
        within_latency(tiny_net, few, few, 1e-6, 16)
    with pytest.raises(ConfigError, match="at least one image, found 0"):
        calibrate_latency(tiny_net, few, calibration, 0)
