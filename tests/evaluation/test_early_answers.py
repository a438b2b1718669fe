"""The rule of early answers, fitted on validation images."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from den_core.evaluation.dial import calibrate
from den_core.evaluation.early_answers import SPREAD, Tradeoff, fit_confidences
from den_core.evaluation.evaluator import Evaluator
from den_core.evaluation.measuring import EvaluationSet, decided
from den_core.inference.network import DeepElasticNetwork


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def drawn(rng: np.random.Generator, images: int, intercept: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    odds = rng.normal(1, 2, images)
    return odds, rng.random(images) < sigmoid(intercept + slope * odds)


def test_confidence_is_what_was_planted():
    rng = np.random.default_rng(0)
    planted = {"a": (-1.0, 0.5), "b": (0.5, 1.2)}
    found = {name: drawn(rng, 20_000, *curve) for name, curve in planted.items()}

    fitted = fit_confidences({n: odds for n, (odds, _) in found.items()}, {n: hit for n, (_, hit) in found.items()})

    for name, (intercept, slope) in planted.items():
        assert fitted[name].intercept == pytest.approx(intercept, abs=0.08)
        assert fitted[name].slope == pytest.approx(slope, abs=0.05)


def test_a_task_of_few_images_stays_near_the_others():
    """Ten images that are all right would have an endless slope of their own."""
    rng = np.random.default_rng(1)
    many, few = drawn(rng, 5000, 0.0, 1.0), (np.full(10, 0.5), np.ones(10, dtype=bool))

    fitted = fit_confidences({"many": many[0], "few": few[0]}, {"many": many[1], "few": few[1]})
    alone = fit_confidences({"many": many[0]}, {"many": many[1]})["many"]

    assert 0 < fitted["few"].intercept < 3 and 0 < fitted["few"].slope < 3
    assert fitted["many"].slope == pytest.approx(alone.slope, abs=0.1)
    swapped = fit_confidences({"a": many[0], "b": many[0][:10]}, {"a": many[1], "b": ~many[1][:10]})
    assert abs(swapped["b"].slope - swapped["a"].slope) < 3 * SPREAD


def test_a_head_that_is_worse_the_surer_it_is_has_no_slope():
    odds = np.linspace(-2, 2, 500)

    found = fit_confidences({"t": odds}, {"t": odds < 0})["t"]

    assert found.slope == 0


def tradeoff(p: np.ndarray, head: np.ndarray, estimator: np.ndarray, weights=(0.0, 1.0, 2.0, 3.0)) -> Tradeoff:
    """One task whose estimator is as right at every weight, and a tenth cheaper from one to the next."""
    shares = 0.6 - 0.1 * np.arange(len(weights))
    return Tradeoff(
        {"t": p}, {"t": head}, weights, {"t": np.repeat(estimator[:, None], len(weights), 1)},
        {"t": np.tile(shares, (len(p), 1))}, {"t": 0.1},
    )  # fmt: skip


def test_thresholds_are_what_the_estimator_reaches_and_a_margin():
    p, half = np.linspace(0, 1, 10), np.arange(10) % 2 == 0

    found = tradeoff(p, half, half)

    assert found.thresholds(0.2) == {"t": pytest.approx(0.7)}
    assert found.thresholds(-0.6) == {"t": 0.0} and found.thresholds(1.0) == {"t": 1.0}


def test_the_margin_gives_nothing_away():
    """The estimator is right on nine of ten; the head on all above a probability of 0.8, and below it on none."""
    p, estimator = np.linspace(0, 1, 1000), np.arange(1000) % 10 != 0

    assert tradeoff(p, p > 0.8, estimator).margin() == pytest.approx(-0.1, abs=0.011)
    assert tradeoff(p, np.zeros(1000, bool), estimator).margin() >= 0.09
    assert tradeoff(p, np.ones(1000, bool), estimator).margin() == -0.3


def test_spending_counts_the_selector_alone_for_early_answers():
    p, head = np.array([0.95, 0.7, 0.2, 0.1]), np.array([True, True, False, False])

    spent, accuracy = tradeoff(p, head, np.array([True, False, True, True])).at({"t": 0.9}, 0.3)

    # thresholds 0.9, 0.6, 0.3, 0: one, two, two, then all images are answered early
    assert spent == pytest.approx([(0.1 + 3 * 0.6) / 4, (0.2 + 2 * 0.5) / 4, (0.2 + 2 * 0.4) / 4, 0.1])
    assert accuracy == pytest.approx([0.75, 1.0, 1.0, 0.5])


def test_the_threshold_falls_as_fast_as_pays():
    """A head as good as the estimator should answer all as soon as MACs cost anything; a bad one as late as can be."""
    p, rng = np.linspace(0, 1, 400), np.random.default_rng(0)
    good, bad = np.ones(400, bool), rng.random(400) < 0.2

    fast = tradeoff(p, good, good).fall({"t": 0.9})
    slow = tradeoff(p, bad, good).fall({"t": 0.9})

    assert slow == pytest.approx(0.3) and fast >= slow


@pytest.fixture
def sure(headed, rng) -> tuple[DeepElasticNetwork, EvaluationSet]:
    """Sixty images of "toy": the head is sure of, and right about, the first half, the estimator about the others."""
    images = torch.randint(256, (60, 32, 32, 3), generator=rng, dtype=torch.uint8)
    C = (3 * torch.randn(60, headed.num_blocks, headed.num_levels, generator=rng)).softmax(-1)
    labels = torch.where(torch.arange(60) < 30, torch.arange(60) % 2, 4)
    logits = torch.zeros(60, 5)
    logits[torch.arange(30), labels[:30]] = 12.0
    logits[30:, 3] = 0.1
    net = DeepElasticNetwork(headed.estimator, headed.selector, headed.info)
    with torch.no_grad():
        last = net.estimator.heads["toy"].linear
        last.weight.zero_()
        last.bias.copy_(20 * torch.eye(5)[4])
    net = DeepElasticNetwork(net.estimator, net.selector, net.info)
    return net, EvaluationSet(net.task("toy"), images, labels, C, logits)


def test_a_calibration_lets_a_sure_head_answer(sure):
    net, data = sure

    calibration = calibrate(net, {"toy": data}, steps=6)

    ruled = net.calibrated(calibration)
    assert decided(ruled, data).early.tolist() == [True] * 30 + [False] * 30
    assert calibration.early.thresholds["toy"] < 0.9 and calibration.stops[-1].accuracy == 1


def test_early_answers_dealt_out_at_random_lose_what_looking_gained(sure):
    net, data = sure
    ruled = net.calibrated(calibrate(net, {"toy": data}, steps=6))

    metrics = Evaluator(ruled, {"toy": data}, {"toy": data}, report=lambda line: None, shares=()).run("test")

    own, permuted = metrics.point("chosen").tasks["toy"], metrics.point("permuted").tasks["toy"]
    assert own.accuracy == 1 and own.early == permuted.early == 0.5
    assert own.mean_macs == pytest.approx(permuted.mean_macs, rel=0.01)
    assert permuted.accuracy == pytest.approx(0.5, abs=0.15)
    assert metrics.instance_gain.average == pytest.approx(own.accuracy - permuted.accuracy)
    assert metrics.point("full").tasks["toy"].early is None and metrics.point("full").average.accuracy == 0.5
    dial = [point for point in metrics.operating_points if point.method == "dial"]
    full = metrics.point("full").average.mean_macs
    assert dial[-1].average.accuracy == 1 and all(point.policy is not None for point in dial)
    assert all(point.average.mean_macs <= point.parameter * full for point in dial)
    assert [p.average.accuracy for p in dial] == sorted(p.average.accuracy for p in dial)


def test_the_fixed_rival_is_the_best_one_that_is_affordable(headed, toy_set):
    """Whatever the levels reach: of the static structure and the levels within the own MACs, the most accurate."""
    net = headed.calibrated(None)
    data = dataclasses.replace(toy_set, task=net.task("toy"))

    metrics = Evaluator(net, {"toy": data}, {"toy": data}, report=lambda line: None, shares=()).run("test")

    own = metrics.point("chosen").average
    rivals = {"static": metrics.point("static").average}
    rivals |= {f"level {p.parameter:g}": p.average for p in metrics.operating_points if p.method == "level"}
    fitting = {name: p.accuracy for name, p in rivals.items() if name == "static" or p.mean_macs <= own.mean_macs}
    assert metrics.fixed_rival in fitting and fitting[metrics.fixed_rival] == max(fitting.values())
    assert metrics.fixed_lead.average == pytest.approx(own.accuracy - max(fitting.values()))
