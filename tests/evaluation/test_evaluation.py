"""A whole measurement: operating points and controls are what their names say."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from den_core.evaluation.evaluator import COMMON_TRIED, WEIGHT_TRIALS, Evaluator
from den_core.evaluation.measuring import choice_statistics, logits, most_common
from den_core.evaluation.sets import test_sets
from den_core.evaluation.static_search import TRIALS, Budget, best_statics


def test_metrics_hold_every_operating_point(tiny_metrics, tiny_net):
    methods = [point.method for point in tiny_metrics.operating_points]

    assert methods[:5] == ["chosen", "full", "random", "static", "permuted"]
    assert [p.parameter for p in tiny_metrics.operating_points if p.method == "level"] == [1.0, 2.0]
    assert all(set(point.tasks) == set(tiny_net.tasks) for point in tiny_metrics.operating_points)


def test_permuted_costs_what_the_choice_costs(tiny_metrics):
    own, permuted = tiny_metrics.point("chosen"), tiny_metrics.point("permuted")

    for task, result in own.tasks.items():
        assert permuted.tasks[task].mean_macs == pytest.approx(result.mean_macs, rel=1e-12)
        assert permuted.tasks[task].distinct_structures == result.distinct_structures
        gain = result.accuracy - permuted.tasks[task].accuracy
        assert tiny_metrics.instance_gain.tasks[task] == pytest.approx(gain)


def test_controls_do_not_cost_more_than_the_choice(tiny_metrics):
    own = tiny_metrics.point("chosen").tasks

    for task, result in tiny_metrics.point("static").tasks.items():
        assert result.mean_macs <= own[task].mean_macs
    for task, result in tiny_metrics.point("random").tasks.items():
        assert result.mean_macs <= own[task].mean_macs * 1.05  # a draw's mean, not its expectation


def test_full_costs_the_full_model_without_a_selector(tiny_metrics, tiny_net):
    for task, result in tiny_metrics.point("full").tasks.items():
        assert result.mean_macs == int(tiny_net.full_cost(task).macs[0])


def test_the_choice_is_measured_as_the_network_makes_it(tiny_metrics, tiny_net):
    data = test_sets(tiny_net, limit=60, progress=False)["emoji"]
    z = tiny_net.choose(data.distribution)

    right = logits(tiny_net, data, z).argmax(1) == data.labels

    found = tiny_metrics.point("chosen").tasks["emoji"]
    assert found.accuracy == pytest.approx(float(right.double().mean()))
    assert found.mean_macs == pytest.approx(float(tiny_net.cost(z, "emoji").total_macs.double().mean()))


# ------------------------------------------------------------------ what looking gains


@pytest.mark.parametrize("name, control", [("instance_gain", "permuted"), ("static_lead", "static")])
def test_gain_and_lead_are_the_differences_of_their_points(name, control, tiny_metrics):
    found, own, other = getattr(tiny_metrics, name), tiny_metrics.point("chosen"), tiny_metrics.point(control)

    for key, prefix in (("accuracy", ""), ("class_accuracy", "class_")):
        for task, value in getattr(found, f"{prefix}tasks").items():
            assert value == pytest.approx(getattr(own.tasks[task], key) - getattr(other.tasks[task], key))
        average = getattr(own.average, key) - getattr(other.average, key)
        assert getattr(found, f"{prefix}average") == pytest.approx(average)
    assert set(found.intervals) == {*own.tasks, "average"}
    assert all(low <= found.values[task] <= high for task, (low, high) in found.intervals.items())


def test_choices_are_described(tiny_metrics, tiny_net):
    data = test_sets(tiny_net, limit=60, progress=False)["emoji"]

    found = tiny_metrics.choice.tasks

    assert found["emoji"] == choice_statistics(tiny_net.choose(data.distribution))
    for task, result in tiny_metrics.point("chosen").tasks.items():
        assert found[task].distinct == result.distinct_structures


def test_the_dial_has_a_row_for_every_cost_weight_and_the_own_choice(tiny_metrics):
    points = {p.parameter: p for p in tiny_metrics.operating_points if p.method == "cost_weight"}
    points[0.0] = tiny_metrics.point("chosen")

    rows = tiny_metrics.by_cost_weight

    assert len(rows) > 3 and {row.cost_weight for row in rows} == set(points)
    macs = [row.average.mean_macs for row in rows]
    assert macs == sorted(macs)
    for row in rows:
        point = points[row.cost_weight]
        assert row.average.own == pytest.approx(point.average.accuracy)
        assert row.average.mean_macs == pytest.approx(point.average.mean_macs)
        for task, part in row.tasks.items():
            assert part.own == point.tasks[task].accuracy
            assert part.distinct == point.tasks[task].distinct_structures
            assert part.static_macs <= part.mean_macs == point.tasks[task].mean_macs


def test_the_own_choices_row_repeats_the_main_figures(tiny_metrics):
    row = next(row for row in tiny_metrics.by_cost_weight if row.cost_weight == 0)

    for key, found in (("gain", tiny_metrics.instance_gain), ("lead", tiny_metrics.static_lead)):
        for task, value in found.values.items():
            assert getattr(row.results[task], key) == (value, *found.intervals[task])
    assert row.tasks["emoji"].static == tiny_metrics.point("static").tasks["emoji"].accuracy


def test_static_structures_are_searched_within_what_the_choice_costs(network, toy_set, held_out, monkeypatch):
    """The own choice's budget gets all trials; every budget is the mean MACs of its choices, selector included.

    The structures that are tried first are common on the validation images, where the search runs.
    """
    asked = []

    def search(net, data, budgets: list[Budget], seed):
        assert data is held_out
        asked.extend(budgets)
        return best_statics(net, data, budgets, seed)

    monkeypatch.setattr("den_core.evaluation.evaluator.best_statics", search)

    metrics = Evaluator(network, {"toy": toy_set}, {"toy": held_out}, report=lambda line: None).run("test")

    macs = {row.cost_weight: row.tasks["toy"].mean_macs for row in metrics.by_cost_weight}
    assert [budget.mean_macs for budget in asked] == [macs[weight] for weight in sorted(macs)]
    trials = {weight: budget.trials for weight, budget in zip(sorted(macs), asked, strict=True)}
    assert trials == {weight: WEIGHT_TRIALS if weight else TRIALS for weight in macs} and TRIALS >= 40
    for weight, budget in zip(sorted(macs), asked, strict=True):
        common = most_common(network.choose(held_out.distribution, weight), COMMON_TRIED)
        assert torch.equal(torch.stack(budget.candidates), torch.stack(common))


def test_a_lone_network_is_measured_with_its_baseline_last(network, toy_set, held_out):
    lines = []

    metrics = Evaluator(
        network, {"toy": toy_set}, {"toy": held_out}, report=lines.append, baselines={"toy": network}
    ).run("test")

    assert dataclasses.replace(metrics.operating_points[-1], method="full") == metrics.point("full")
    assert [p.method for p in metrics.operating_points].count("baseline") == 1
    assert lines[-1].startswith("baseline: accuracy")
