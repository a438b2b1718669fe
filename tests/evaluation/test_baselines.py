"""The separate networks that a deep elastic network is measured beside."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from den_core.checkpoints.folder import CheckpointInfo
from den_core.checkpoints.weights import save_checkpoint
from den_core.config import to_json
from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation.baselines import baseline_point, load_baselines
from den_core.evaluation.measuring import EvaluationSet, measure
from den_core.inference.network import DeepElasticNetwork
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.recipes import recipe
from den_core.structures import full_structure


@pytest.fixture
def make(network, tmp_path, trained_norms, rng):
    """Saves a network with some of the tasks of `network`, changed, and returns its folder."""

    def make(folder: str, *tasks: str, recipe: dict | None = None, **changes) -> str:
        config = dataclasses.replace(
            network.config,
            backbone=dataclasses.replace(network.config.backbone, name="wrn-14-1"),
            tasks=tuple(dataclasses.replace(network.task(task), **changes) for task in tasks),
        )
        with torch.random.fork_rng():
            torch.manual_seed(len(folder))
            estimator, selector = Estimator(config), Selector(config)
        trained_norms(estimator, rng)
        parts = {"estimator": estimator, "selector": selector}
        save_checkpoint(tmp_path / folder, CheckpointInfo(config, recipe or {}), parts, half=False)
        return tmp_path / folder

    return make


@pytest.fixture
def recipes() -> dict[str, dict]:
    """The same recipe with two divisions of the training data."""
    base = recipe("digits-fast")
    return {"same": to_json(base), "other": to_json(dataclasses.replace(base, data_seed=7))}


def test_no_folder_is_no_baseline(network):
    assert load_baselines(network, [], "test") == {}


def test_baselines_come_in_the_order_of_the_tasks(network, make):
    found = load_baselines(network, [make("b", "wide"), make("a", "toy")], "test")

    assert list(found) == ["toy", "wide"] and found["wide"].tasks == ("wide",)


@pytest.mark.parametrize(
    "folders, said",
    [
        ([("both", ("toy", "wide"), {})], "both: expected a baseline with one task, found 2: toy, wide"),
        ([("a", ("toy",), {"name": "cats"})], "expected a baseline for one of toy, wide, found one for cats"),
        ([("a", ("toy",), {})], "expected a baseline for every task, found none for wide"),
        ([("a", ("toy",), {}), ("b", ("toy",), {})], "b: expected one baseline per task, found a second one for toy"),
        ([("a", ("toy",), {"source": "folder:here"})], "with source 'folder:nowhere', found 'folder:here'"),
        ([("a", ("wide",), {"size": 32, "content_size": 32})], "expected task wide with size 64, found 32"),
        ([("a", ("toy",), {"content_size": 28})], "with content_size 32, found 28"),
        ([("a", ("wide",), {"class_names": ("x", "y", "z")})], "with class_names .*'class 0'.* found .*'x', 'y', 'z'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_baseline_of_this_network_is_refused(folders, said, network, make):
    with pytest.raises(ConfigError, match=said):
        load_baselines(network, [make(folder, *tasks, **changes) for folder, tasks, changes in folders], "test")


def test_a_folder_without_a_checkpoint_is_refused(network, tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_baselines(network, [tmp_path / "nowhere"], "test")


def test_a_baseline_that_has_learned_the_validation_images_is_refused(network, make, recipes):
    net = DeepElasticNetwork(
        network.estimator, network.selector, dataclasses.replace(network.info, recipe=recipes["same"])
    )
    good = [make("a", "toy", recipe=recipes["same"]), make("b", "wide", recipe=recipes["same"])]
    bad = [good[0], make("c", "wide", recipe=recipes["other"])]

    assert set(load_baselines(net, good, "validation")) == set(load_baselines(net, bad, "test")) == {"toy", "wide"}
    with pytest.raises(ConfigError, match="c: expected a baseline that held out the same images.*found .7, 0.1."):
        load_baselines(net, bad, "validation")


def test_the_point_is_each_networks_own_full_structure(network, make, toy_set, rng):
    """Another backbone, other normalisation: cost and answers are the baseline's, images those of the network."""
    images = torch.randint(256, (12, 64, 64, 3), generator=rng, dtype=torch.uint8)
    wide = EvaluationSet(network.task("wide"), images, torch.randint(3, (12,), generator=rng), torch.empty(0))
    folders = [make("a", "toy", mean=(0.1, 0.2, 0.3), std=(0.6, 0.6, 0.6)), make("b", "wide")]
    baselines = load_baselines(network, folders, "test")

    point = baseline_point(baselines, {"toy": toy_set, "wide": wide})

    assert (point.method, point.parameter) == ("baseline", None)
    for name, data in (("toy", toy_set), ("wide", wide)):
        net, found = baselines[name], point.tasks[name]
        cost = net.full_cost(name)
        assert (found.mean_macs, found.mean_params) == (int(cost.macs), int(cost.params))
        assert found.mean_macs != int(network.full_cost(name).macs) and found.images == len(data.labels)
        z = full_structure(len(data.labels), net.num_blocks, net.num_levels)
        own = EvaluationSet(net.task(name), data.images, data.labels, data.distribution)
        assert found.accuracy == measure(net, own, z, with_selector=False).accuracy
    x = baselines["toy"].preprocess(list(toy_set.images.numpy()), "toy")
    z = full_structure(30, baselines["toy"].num_blocks, 4)
    right = baselines["toy"].classify(x, "toy", z).argmax(1) == toy_set.labels
    assert point.tasks["toy"].accuracy == pytest.approx(float(right.double().mean()))
