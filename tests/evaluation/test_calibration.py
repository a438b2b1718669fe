"""From a budget to a stop of the dial and its accuracy; the best fixed structure within one."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation import dial
from den_core.evaluation.dial import (
    _front,
    _Tried,
    at_policy,
    best_static,
    calibrate,
    calibrate_latency,
    part_of,
    within_latency,
    within_share,
)
from den_core.evaluation.measuring import decided, measure
from den_core.evaluation.sets import test_sets as load_test_sets
from den_core.evaluation.sets import validation_sets
from den_core.inference.calibration import FILE, Calibration, Stop, milliseconds, read_calibration, write_calibration
from den_core.policy import OWN, Policy
from den_core.structures import parse_structure


@pytest.fixture(scope="module")
def validation(tiny_net):
    return validation_sets(tiny_net, limit=60, progress=False)


@pytest.fixture(scope="module")
def calibration(tiny_net, validation):
    return calibrate(tiny_net, validation, steps=12)


def spent(net, data, policy) -> float:
    """Of the full MACs, mean over tasks, counted by itself."""
    shares = []
    for task, images in data.items():
        choice = decided(net, images, policy)
        cost = net.cost(choice.structure, task, choice.early)
        macs = cost.total_macs if policy.looks else cost.macs
        shares.append(float(macs.double().mean()) / float(net.full_cost(task).macs[0]))
    return sum(shares) / len(shares)


def test_every_stop_spends_and_reaches_what_it_says(tiny_net, validation, calibration):
    net = tiny_net.calibrated(calibration)
    for stop in calibration.stops:
        found = at_policy(net, validation, stop.policy).loc["average"]
        assert spent(net, validation, stop.policy) == pytest.approx(stop.spent) == found["share"]
        if stop.policy.static is None:
            assert found["accuracy"] == pytest.approx(stop.accuracy)
    assert calibration.images == 180


def test_the_last_stop_within_a_budget_is_taken(calibration):
    spent, accuracy = [s.spent for s in calibration.stops], [s.accuracy for s in calibration.stops]
    assert len(spent) > 2 and spent == sorted(set(spent))
    assert all(a > max(accuracy[: i + 1]) - 0.05 for i, a in enumerate(accuracy)), "180 images: 0.037 a standard error"
    for stop, after in pairwise(calibration.stops):
        assert calibration.within(stop.spent) == calibration.within((stop.spent + after.spent) / 2) == stop.policy
    assert calibration.within(7.0) == calibration.stops[-1].policy


def tried(spent: float, accuracy: float, images: int = 400, policy: Policy = OWN, seed: int = 0) -> _Tried:
    right = np.arange(images) < round(accuracy * images)
    return _Tried(policy, spent, {"t": np.random.default_rng(seed).permutation(right)})


def test_only_what_clearly_leads_takes_the_place_of_own_choices():
    """Standard errors of independent accuracies of 400 images are 3.3 points here, and 2 · 3.3 is clear."""
    static = Policy(static={"t": "1"}, looks=False)
    own = [tried(0.2, 0.60), tried(0.4, 0.70, seed=1), tried(0.6, 0.69, seed=2), tried(0.7, 0.5, seed=3)]
    near = tried(0.3, 0.64, policy=static, seed=4)
    clear = tried(0.3, 0.75, policy=static, seed=5)

    def spent(front):
        return [stop.spent for stop in front]

    assert spent(_front(own, [])) == [0.2, 0.4, 0.6], "what is clearly worse for more MACs is left out"
    assert spent(_front(own, [near])) == [0.2, 0.4, 0.6]
    assert spent(_front(own, [clear])) == [0.2, 0.3]
    assert spent(_front(own, [tried(0.2, 0.75, policy=static, seed=5)])) == [0.2]


def test_static_structures_are_judged_on_images_that_they_were_not_found_on(tiny_net, validation, monkeypatch):
    found_on, judged_on = [], []
    search, measured = dial.best_statics, dial.measure_points
    monkeypatch.setattr(
        dial, "best_statics", lambda net, data, *rest: (found_on.append(data), search(net, data, *rest))[1]
    )
    monkeypatch.setattr(
        dial, "measure_points", lambda net, data, *rest: (judged_on.append(data), measured(net, data, *rest))[1]
    )

    calibrate(tiny_net, validation, steps=2)

    def images(data):
        return {bytes(image.numpy().tobytes()) for image in data.images}

    whole = images(validation["emoji"])
    emoji = [images(data) for data in found_on if data.task.name == "emoji"]
    parts = [images(data["emoji"]) for data in judged_on if images(data["emoji"]) != whole]
    assert emoji[0] == whole and len(emoji) == 3 and len(parts) == 2
    for searched, judged in zip(emoji[1:], parts, strict=True):
        assert searched and judged and not searched & judged and searched | judged == whole


def test_parts_hold_things_together(tiny_net, validation):
    for data in validation.values():
        parts = part_of(data, seed=0)
        for group in data.groups.unique():
            assert len(parts[data.groups == group].unique()) == 1
        assert sorted(parts.unique().tolist()) == [0, 1]


@pytest.mark.parametrize("share", [-1.0, 0.01, float("nan")])
def test_a_budget_out_of_reach_names_what_is_reached(share, calibration):
    low, high = calibration.stops[0].spent, calibration.stops[-1].spent
    said = (
        f"a budget of at least {low:.3f} of the full .* found {share:g}; the stops reach from {low:.3f} to {high:.3f}"
    )

    with pytest.raises(ConfigError, match=said):
        calibration.within(share)


def test_a_calibration_is_read_as_it_was_written(calibration, tmp_path):
    write_calibration(tmp_path, calibration)

    assert read_calibration(tmp_path) == calibration


def test_a_folder_without_a_calibration_has_none(tmp_path):
    assert read_calibration(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "{}", '{"stops": [], "images": 3}',
             '{"cost_weights": [2, 1], "shares": [0.5, 0.4], "images": 3}',
             '{"cost_weights": [1], "shares": [0.4, 0.5], "images": 3}',
             '{"cost_weights": 1, "shares": [0.5], "images": 3}',
             '{"stops": [{"policy": {"looks": false}, "spent": 0.5}], "images": 3}',
             '{"stops": [{"policy": {"threshold": 2.0}, "spent": 0.5}], "images": 3}',
             '{"stops": [{"policy": {}, "spent": 0.5}], "images": 3, "early": {"fall": 0.5}}']
)  # fmt: skip
def test_a_damaged_calibration_is_named(text, tmp_path):
    (tmp_path / FILE).write_text(text)

    with pytest.raises(CheckpointError, match=FILE):
        read_calibration(tmp_path)


def test_a_calibration_from_before_early_answers_is_read(tmp_path):
    (tmp_path / FILE).write_text('{"cost_weights": [3.0, 0.0, -3], "shares": [0.2, 0.5, 0.9], "images": 10}')

    found = read_calibration(tmp_path)

    assert found.early is None and found.images == 10
    assert [(stop.policy, stop.spent) for stop in found.stops] == [
        (Policy(3.0), 0.2), (Policy(0.0), 0.5), (Policy(-3.0), 0.9)
    ]  # fmt: skip
    write_calibration(tmp_path, found)
    assert read_calibration(tmp_path) == found


def test_accuracy_within_a_budget_is_that_of_its_stop(tiny_net, validation, calibration, monkeypatch):
    data = load_test_sets(tiny_net, limit=50, progress=False)
    asked = []
    monkeypatch.setattr(dial, "calibrate", lambda *given: (asked.append(given), calibration)[1])

    found = within_share(tiny_net, validation, data, 0.8)

    assert asked == [(tiny_net, validation)]
    net, policy = tiny_net.calibrated(calibration), calibration.within(0.8)
    assert set(found["picked"]) == {policy.words}
    for task in net.tasks:
        choice = decided(net, data[task], policy)
        own = measure(net, data[task], choice.structure, with_selector=policy.looks, early=choice.early)
        assert found.loc[task, "accuracy"] == pytest.approx(own.accuracy)
        assert found.loc[task, "share"] == pytest.approx(own.mean_macs / float(net.full_cost(task).macs[0]))
    assert found.loc["average", "accuracy"] == pytest.approx(found.loc[list(net.tasks), "accuracy"].mean())
    assert found.loc["average", "share"] <= 0.9


def test_the_best_static_structure_fits_its_budget(tiny_net, validation):
    key = best_static(tiny_net, validation["emoji"], 0.5)

    z = parse_structure(key, tiny_net.num_blocks, tiny_net.num_levels)
    assert float(tiny_net.cost(z, "emoji").macs[0]) <= 0.5 * float(tiny_net.full_cost("emoji").macs[0])
    assert best_static(tiny_net, validation["emoji"], 0.5) == key


@pytest.mark.parametrize("share", [0.0, 0.001, 1.2])
def test_a_static_budget_out_of_reach_is_refused(share, tiny_net, validation):
    with pytest.raises(ConfigError, match="expected a budget"):
        best_static(tiny_net, validation["emoji"], share)


def test_a_latency_is_met_by_cheaper_stops(tiny_net, validation, calibration, monkeypatch):
    """Slower stops that are kept are more accurate; half way between the ends lies one that is not the last."""
    monkeypatch.setattr(dial, "REPEATS", 2)
    found = calibrate_latency(tiny_net, validation, calibration, batch=16)

    times = [stop.spent for stop in found.stops]
    assert times == sorted(times) and times[0] > 0
    assert all(stop.policy in [known.policy for known in calibration.stops] for stop in found.stops)
    assert found.within(1e9) == calibration.stops[-1].policy and found.within(times[0]) == found.stops[0].policy


def test_a_latency_out_of_reach_names_what_is_reached():
    stops = tuple(Stop(Policy(weight), spent) for weight, spent in ((3.0, 1.0), (0.0, 2.0), (-3.0, 4.0)))
    dial = Calibration(stops, 10, unit=milliseconds(16))

    assert dial.within(2.5) == Policy(0.0)
    with pytest.raises(ConfigError, match=r"a latency of at least 1 ms per image, .* in batches of 16, found 0.5"):
        dial.within(0.5)


def test_impossible_latencies_are_refused(tiny_net, calibration, monkeypatch):
    few = validation_sets(tiny_net, limit=4, progress=False)
    monkeypatch.setattr(dial, "calibrate", lambda *given: calibration)
    with pytest.raises(ConfigError, match="at least .* ms per image"):
        within_latency(tiny_net, few, few, 1e-6, 16)
    with pytest.raises(ConfigError, match="at least one image, found 0"):
        calibrate_latency(tiny_net, few, calibration, 0)


def test_stops_lie_close_where_early_answers_save_the_most(tiny_net, validation, monkeypatch):
    """A rule by which early answers take over at small cost weights: among these the dial has stops, not two beside."""
    rule = calibrate(tiny_net, validation, steps=2).early
    steep = dataclasses.replace(rule, thresholds=dict.fromkeys(rule.thresholds, 1.0), fall=0.2)
    monkeypatch.setattr(dial, "_early_rule", lambda *given: steep)

    tried = []
    monkeypatch.setattr(dial, "_front", lambda own, others: tried.extend(own) or own)
    calibrate(tiny_net, validation, steps=8)

    spent_by = sorted({tried.spent for tried in tried})
    widest = max(b - a for a, b in pairwise(spent_by))
    assert widest < (spent_by[-1] - spent_by[0]) / 3
