"""Early answers: where the selector's head is sure enough, it answers and the estimator does not run."""

from __future__ import annotations

import pytest
import torch

import den_core
from den_core.errors import ConfigError
from den_core.inference.calibration import Calibration
from den_core.inference.early import Confidence, EarlyRule, log_odds
from den_core.policy import Policy


@pytest.fixture
def x(headed, rng) -> torch.Tensor:
    """Forty images of which the head is differently sure."""
    scale = torch.linspace(0.1, 4, 40)[:, None, None, None]
    return scale * torch.randn(40, 3, 32, 32, generator=rng)


def split_threshold(net, x) -> float:
    """A threshold that half of the images exceed."""
    return float(net.head_probability(net.look(x, "toy"), "toy").median())


def test_what_is_sure_is_answered_by_the_head_and_the_rest_by_the_estimator(headed, x):
    threshold = split_threshold(headed, x)

    found = headed.answer(x, "toy", threshold=threshold)

    look = headed.look(x, "toy")
    assert found.early.sum() == 20  # the median itself is not exceeded
    assert torch.equal(found.early, headed.head_probability(look, "toy") > threshold)
    assert torch.equal(found.structure, headed.choose(look.distribution))
    torch.testing.assert_close(found.logits[found.early], look.class_logits[found.early])
    late = ~found.early
    torch.testing.assert_close(found.logits[late], headed.classify(x[late], "toy", found.structure[late]))


def test_masked_dispatched_and_extracted_agree_with_early_answers_in_the_batch(headed, x):
    found = headed.answer(x, "toy", threshold=split_threshold(headed, x))

    masked = headed.estimator.classify(x, found.structure, "toy")
    class_logits = headed.selector({"toy": x})["toy"].class_logits
    for i, is_early in enumerate(found.early.tolist()):
        alone = class_logits[i] if is_early else headed.extract(found.structure[i], "toy")(x[i : i + 1])[0]
        torch.testing.assert_close(found.logits[i], alone, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found.logits[i], (class_logits if is_early else masked)[i], atol=1e-4, rtol=1e-4)


def test_the_estimator_sees_no_image_that_is_answered_early(headed, x, monkeypatch):
    seen = []
    classify = headed.classify
    monkeypatch.setattr(headed, "classify", lambda x, task, z: (seen.append(len(x)), classify(x, task, z))[1])

    headed.answer(x, "toy", threshold=split_threshold(headed, x))
    headed.answer(x, "toy", threshold=0.0)
    headed.answer(x, "toy", threshold=1.0)

    assert seen == [20, 40]


def test_an_early_answer_costs_the_selector_and_nothing_else(headed, x):
    found = headed.answer(x, "toy", threshold=split_threshold(headed, x))

    early, selector = found.early, headed.table.selector_macs["toy"]
    assert (found.total_macs[early] == selector).all() and (found.total_macs[~early] > selector).all()
    cost = headed.cost(found.structure, "toy", early)
    assert torch.equal(cost.total_macs, found.total_macs)
    assert (cost.macs[early] == 0).all() and (cost.params[early] == 0).all()
    assert (cost.total_params[early] == headed.table.selector_params["toy"]).all()


def test_a_dearer_mac_lets_the_head_answer_sooner(headed, x):
    """The threshold of the task, 0.4, falls by 0.1 per unit of cost weight; a weight below 0 raises it."""
    p = headed.head_probability(headed.look(x, "toy"), "toy")

    for weight, threshold in ((0.0, 0.4), (1.0, 0.3), (4.0, 0.0), (50.0, 0.0), (-2.0, 0.6), (-9.0, 1.0)):
        assert torch.equal(headed.answer(x, "toy", weight).early, p > threshold)
    assert headed.answer(x, "toy", 4.0).early.all() and not headed.answer(x, "toy", -9.0).early.any()


def test_tasks_have_confidences_and_thresholds_of_their_own(headed, rng):
    look = headed.look(torch.randn(5, 3, 64, 64, generator=rng), "wide")

    odds = log_odds(look.class_logits)

    p = headed.head_probability(look, "wide")
    torch.testing.assert_close(p, torch.sigmoid(2 * odds - 1))
    assert torch.equal(headed.decide(look, "wide").early, p > 0.7)


def test_log_odds_stay_finite_where_probabilities_round_to_one():
    odds = log_odds(torch.tensor([[200.0, 0.0, -3.0], [0.0, 0.0, -500.0], [-1.0, 2.0, 0.5]]))

    assert odds[0] == pytest.approx(200.0, abs=0.1) and odds[1] == pytest.approx(0.0, abs=1e-6)
    p = torch.tensor([-1.0, 2.0, 0.5]).softmax(0)[1]
    assert odds[2] == pytest.approx(float((p / (1 - p)).log()), abs=1e-5)
    assert Confidence(0.0, 0.0).probability(torch.zeros(2, 3)).tolist() == [0.5, 0.5]


def test_without_a_calibration_or_a_head_nothing_is_answered_early(headed, network, x):
    for net, lacks in ((headed.calibrated(None), "calibration"), (network, "auxiliary head")):
        found = net.answer(x, "toy")
        assert not found.early.any()
        torch.testing.assert_close(found.logits, net.classify(x, "toy"))
        assert torch.equal(found.total_macs, net.cost(found.structure, "toy").total_macs)
        assert not net.answer(x, "toy", threshold=1.0).early.any()
        with pytest.raises(ConfigError, match=f"expected a network with a.* {lacks}.* found none"):
            net.answer(x, "toy", threshold=0.5)


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan"), float("inf")])
def test_a_threshold_that_is_no_probability_is_refused(threshold, headed, x):
    with pytest.raises(ConfigError, match="threshold"):
        headed.answer(x, "toy", threshold=threshold)


def test_a_rule_that_cannot_be_is_refused():
    fitting = {"confidence": {"t": Confidence(0.0, 1.0)}, "thresholds": {"t": 0.5}, "fall": 0.1}
    for name, wrong in (("thresholds", {"t": 1.2}), ("fall", -1.0), ("thresholds", {"t": float("nan")}),
                        ("thresholds", {}), ("thresholds", {"t": 0.5, "u": 0.5})):  # fmt: skip
        with pytest.raises(ConfigError, match=f"expected {name}"):
            EarlyRule(**(fitting | {name: wrong}))
    with pytest.raises(ConfigError, match="expected slope at least 0"):
        Confidence(0.0, -1.0)


def test_a_static_policy_runs_and_charges_no_selector(headed, x, monkeypatch):
    policy = Policy(static={"toy": "312"}, looks=False)
    monkeypatch.setattr(headed, "look", lambda *_: pytest.fail("the selector ran"))

    found = headed.answer(x, "toy", policy=policy)

    assert found.look is None and not found.early.any() and found.structure.tolist() == [[3, 1, 2]] * 40
    assert torch.equal(found.total_macs, headed.cost(found.structure, "toy").macs)
    torch.testing.assert_close(found.logits, headed.classify(x, "toy", found.structure))
    with pytest.raises(ConfigError, match="static structure for task wide"):
        headed.answer(torch.zeros(1, 3, 64, 64), "wide", policy=policy)


def test_a_pull_draws_choices_to_the_static_structure(headed, x):
    static, C = {"toy": "312"}, headed.model_distribution(x, "toy")
    agree = []
    for pull in (0.0, 0.05, 0.5, 1000.0):
        z = headed.answer(x, "toy", policy=Policy(1.0, static=static, pull=pull)).structure
        favoured = C.log() + pull * torch.nn.functional.one_hot(torch.tensor([3, 1, 2]), headed.num_levels)
        assert torch.equal(z, headed.choose(favoured.softmax(-1), 1.0))
        agree.append(float((z == torch.tensor([3, 1, 2])).double().mean()))
    assert agree == sorted(agree) and agree[0] < agree[-1] == 1
    assert torch.equal(headed.answer(x, "toy", policy=Policy(1.0, static=static)).structure, headed.choose(C, 1.0))


@pytest.mark.parametrize("fields", [{"pull": 1.0}, {"looks": False}])
def test_a_policy_without_the_static_structure_that_it_needs_is_refused(fields):
    with pytest.raises(ConfigError, match="expected static structures"):
        Policy(**fields)


def test_a_saved_network_keeps_its_calibration(headed, x, tmp_path):
    headed.save_pretrained(tmp_path / "net")

    again = den_core.load(tmp_path / "net")

    assert again.calibration == headed.calibration
    assert torch.equal(again.answer(x, "toy", 1.0).early, headed.answer(x, "toy", 1.0).early)
    assert isinstance(again.calibration, Calibration) and headed.calibrated(None).calibration is None
