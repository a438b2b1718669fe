"""Which images a search or a figure reads: those held out of training choose, those of the test split are reported."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image

from den_core.checkpoints.folder import CheckpointInfo
from den_core.checkpoints.metrics import Metrics, read_metrics
from den_core.checkpoints.weights import save_checkpoint
from den_core.cli.main import main
from den_core.config import BackboneConfig, NetworkConfig, Recipe, TaskConfig, to_json
from den_core.evaluation.dial import at_policy, calibrate, mean_total_macs, weights_for_shares, within_share
from den_core.evaluation.evaluator import Evaluator
from den_core.evaluation.measuring import EvaluationSet
from den_core.evaluation.sets import test_sets, validation_sets
from den_core.inference.calibration import read_calibration
from den_core.inference.network import DeepElasticNetwork, load
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.recipes import recipe
from den_core.training.run import load_training_data

TRAIN, TEST = set(range(40)), set(range(200, 224))
"Grey levels of the planted images: no two alike, so that an image tells the row that it comes from."
SHARES = (0.7, 0.8)
"Of the full model's MACs; the selector of these tiny networks takes 0.38 of them."


# ------------------------------------------------------------------ where the images come from


@pytest.fixture
def planted(tmp_path) -> Recipe:
    """A recipe whose one task has a grey image for every number of TRAIN and TEST, dark and bright, odd and even."""
    for split, greys in (("train", TRAIN), ("test", TEST)):
        for grey in greys:
            place = tmp_path / "images" / split / ("odd" if grey % 2 else "even")
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (grey, grey, grey)).save(place / f"{grey}.png")
    task = TaskConfig(
        name="planted", source=f"folder:{tmp_path / 'images'}", size=32, content_size=32, class_names=("even", "odd")
    )
    base = recipe("digits-fast")
    return dataclasses.replace(
        base,
        network=NetworkConfig(backbone=BackboneConfig(name="wrn-8-1"), tasks=(task,)),
        training=dataclasses.replace(
            base.training,
            validation_share=0.25,
            selector=dataclasses.replace(base.training.selector, control_variate="leave_one_out", label_steps=0),
        ),
    )


@pytest.fixture
def planted_folder(planted, trained_norms, rng, tmp_path) -> Path:
    """A checkpoint of that recipe with random weights, whose choices depend on how bright an image is."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = {"estimator": Estimator(planted.network), "selector": Selector(planted.network)}
    for network in networks.values():
        trained_norms(network, rng)
    folder = tmp_path / "checkpoint"
    save_checkpoint(folder, CheckpointInfo(planted.network, to_json(planted)), networks, half=False)
    return folder


def greys(images) -> set[int]:
    """The rows that images, uint8 (N, S, S, 3), come from."""
    return set(images[:, 0, 0, 0].tolist())


def test_validation_images_are_training_images_that_are_not_trained_on(planted, planted_folder):
    """Training and measuring divide the training split alike, and neither takes an image of the test split."""
    net = load(planted_folder)
    loaded = load_training_data(planted, progress=False).data
    trained_on, held_out = (greys(part["planted"].images) for part in (loaded.train, loaded.validation))

    assert trained_on | held_out == TRAIN and trained_on.isdisjoint(held_out)
    assert len(held_out) == 10
    assert greys(validation_sets(net, progress=False)["planted"].images) == held_out
    assert greys(test_sets(net, progress=False)["planted"].images) == TEST


def test_evaluate_finds_its_cost_weights_on_validation_images_and_reports_test_images(planted_folder, capsys):
    """The whole command: every figure is about all test images, every cost weight comes from those held out."""
    net = load(planted_folder)
    validation, test = validation_sets(net, progress=False), test_sets(net, progress=False)

    assert main(["evaluate", str(planted_folder), "--write", "--shares", *map(str, SHARES)]) == 0

    metrics = read_metrics(planted_folder)
    assert all(point.tasks["planted"].images == len(TEST) for point in metrics.operating_points)
    weights = sorted(row.cost_weight for row in metrics.by_cost_weight if row.cost_weight)
    ruled = net.calibrated(read_calibration(planted_folder))
    assert weights == weights_for_shares(ruled, validation, SHARES) != weights_for_shares(ruled, test, SHARES)
    assert len(weights) == len(SHARES)
    assert read_calibration(planted_folder) == calibrate(net, validation) != calibrate(net, test)


# ------------------------------------------------------------------ what each search and each figure reads


def labelled(images: EvaluationSet, label: int) -> EvaluationSet:
    """The same images, all of one class."""
    return dataclasses.replace(images, labels=torch.full_like(images.labels, label))


@pytest.fixture
def constant(network) -> DeepElasticNetwork:
    """A network that answers class 0 whatever it sees and runs."""
    estimator = copy.deepcopy(network.estimator)
    last = estimator.heads["toy"].linear
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.eye(5)[0])
    return DeepElasticNetwork(estimator, network.selector, network.info)


@pytest.fixture
def obedient(network) -> DeepElasticNetwork:
    """A network that answers class 1 if the structure runs the last block and class 0 if it does not."""
    estimator = copy.deepcopy(network.estimator)
    block, last = estimator.blocks[-1], estimator.heads["toy"].linear
    with torch.no_grad():
        block.norm(1).bias.fill_(10)  # what the block adds is then large and positive at every level but 0
        block.conv(1).weight.fill_(1)
        last.weight.copy_(torch.eye(5)[1][:, None].expand_as(last.weight))
        last.bias.copy_(torch.tensor([5000.0, 0, -1e9, -1e9, -1e9]))
    return DeepElasticNetwork(estimator, network.selector, network.info)


def evaluate(net, data, validation, **more) -> Metrics:
    """Both are images of the "toy" task; `more` as the Evaluator takes it."""
    options = {"report": lambda line: None, "shares": SHARES} | more
    return Evaluator(net, {"toy": data}, {"toy": validation}, **options).run("test")


def test_every_figure_is_about_the_measured_images(constant, toy_set, held_out):
    """All of them have the class that the network answers, and no validation image has."""
    metrics = evaluate(
        constant, labelled(toy_set, 0), labelled(held_out, 1), baselines={"toy": constant}, twin=constant
    )

    assert {"chosen", "static", "permuted", "random", "baseline", "twin"} <= {
        point.method for point in metrics.operating_points
    }
    assert all(point.tasks["toy"].accuracy == 1 for point in metrics.operating_points)
    assert len(metrics.by_cost_weight) == 3
    assert all(
        getattr(row.tasks["toy"], key) == 1 for row in metrics.by_cost_weight for key in ("own", "permuted", "static")
    )


def test_the_static_structure_is_the_best_on_validation_images(obedient, toy_set, held_out):
    """There it must not run the last block, which every measured image would need: it pays for that on these."""
    metrics = evaluate(obedient, labelled(toy_set, 1), labelled(held_out, 0))

    assert metrics.point("full").tasks["toy"].accuracy == 1
    assert metrics.point("static").structures["toy"].endswith("0")
    assert metrics.point("static").tasks["toy"].accuracy == 0
    assert [row.tasks["toy"].static for row in metrics.by_cost_weight] == [0, 0, 0]


def test_cost_weights_spend_their_shares_on_validation_images(network, toy_set, held_out):
    """The measured images, whose distributions are less sure, spend something else at them."""
    full = float(network.full_cost("toy").macs[0])

    metrics = evaluate(network, toy_set, held_out)

    weights = sorted((row.cost_weight for row in metrics.by_cost_weight if row.cost_weight), reverse=True)
    for weight, share in zip(weights, SHARES, strict=True):
        assert mean_total_macs(network, {"toy": held_out}, weight) == pytest.approx(share * full, rel=0.1)
        assert mean_total_macs(network, {"toy": toy_set}, weight) != pytest.approx(share * full, rel=0.1)


def test_the_stop_of_a_budget_is_found_on_validation_images(network, toy_set, held_out):
    found = within_share(network, {"toy": held_out}, {"toy": toy_set}, 0.8)

    calibration = calibrate(network, {"toy": held_out})
    policy = calibration.within(0.8)
    assert found.loc["toy", "picked"] == policy.words
    assert policy != calibrate(network, {"toy": toy_set}).within(0.8)
    expected = at_policy(network.calibrated(calibration), {"toy": toy_set}, policy)
    assert found.loc["toy", "share"] == pytest.approx(expected.loc["toy", "share"])


@pytest.mark.parametrize("share", [None, 0.8], ids=["own choice", "0.8 of the MACs"])
def test_permuted_choices_answer_by_chance_what_own_choices_answer_right(share, obedient, toy_set, held_out):
    """Every image's label is what its own structure makes the network say, and another image's says it by chance."""
    shares = () if share is None else (share,)
    weight = 0.0 if share is None else weights_for_shares(obedient, {"toy": held_out}, shares)[0]
    labels = (obedient.choose(toy_set.distribution, weight)[:, -1] > 0).long()
    p = float(labels.double().mean())

    metrics = evaluate(obedient, dataclasses.replace(toy_set, labels=labels), held_out, shares=shares)

    row = next(row for row in metrics.by_cost_weight if row.cost_weight == weight).tasks["toy"]
    by_chance = p**2 + (1 - p) ** 2
    assert row.own == 1 and by_chance < 0.8
    assert row.permuted == pytest.approx(by_chance, abs=0.15)
    assert row.gain[0] == pytest.approx(1 - row.permuted)
