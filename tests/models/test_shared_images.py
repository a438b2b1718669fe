"""Two tasks on the same images: one stem, one structure, a head for each."""

import dataclasses

import pytest
import torch

from den_core.config import NetworkConfig
from den_core.errors import ConfigError
from den_core.models.accounting import cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.static import ExtractedNetwork, StaticEstimator, StaticSelector
from den_core.structures import random_structures


@pytest.fixture
def config(toy_network) -> NetworkConfig:
    """ "coarse" has the images of "toy", in two classes."""
    network = toy_network(critic=True, temperature=0.1, auxiliary=True)
    toy = network.task("toy")
    coarse = dataclasses.replace(toy, name="coarse", class_names=("a", "b"), image_of="toy")
    return dataclasses.replace(network, tasks=(*network.tasks, coarse))


def test_one_pass_answers_both(config, rng):
    estimator = Estimator(config).eval()
    x, z = torch.randn(4, 3, 32, 32, generator=rng), random_structures(4, 3, 4, rng)

    answers = estimator({"toy": x}, {"toy": z})

    assert {task: tuple(logits.shape) for task, logits in answers.items()} == {"toy": (4, 5), "coarse": (4, 2)}
    static = StaticEstimator(estimator)
    for task, logits in answers.items():
        torch.testing.assert_close(estimator.classify(x, z, task), logits)
        torch.testing.assert_close(static(x, z, task), logits, atol=1e-4, rtol=1e-4)
        extracted = ExtractedNetwork(estimator, z[1], task)(x[1:2])
        torch.testing.assert_close(extracted, logits[1:2], atol=1e-4, rtol=1e-4)


def test_an_image_has_one_distribution_whatever_is_asked(config, rng):
    selector = Selector(config).eval()
    x = torch.randn(4, 3, 32, 32, generator=rng)

    static = StaticSelector(selector)

    assert torch.equal(selector.model_distribution(x, "toy"), selector.model_distribution(x, "coarse"))
    assert torch.equal(static(x, "toy"), static(x, "coarse"))


def test_costs_differ_by_the_heads(config):
    estimator, selector = Estimator(config), Selector(config)
    table = cost_table(estimator, selector)

    assert table.task_macs["toy"] - table.task_macs["coarse"] == 3 * estimator.heads["toy"].linear.in_features
    assert table.selector_macs["toy"] == table.selector_macs["coarse"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"image_of": "nothing"}, "task coarse: expected image_of to name one of toy, wide, found 'nothing'"),
        ({"image_of": "wide"}, "task coarse: expected image_of a task with size 32, found 64 in wide"),
        ({"background": 0}, "task coarse: expected image_of a task with background 0, found 255 in toy"),
    ],
)
def test_tasks_that_cannot_share_images_are_refused(change, said, config):
    *tasks, coarse = config.tasks
    with pytest.raises(ConfigError, match=said):
        dataclasses.replace(config, tasks=(*tasks, dataclasses.replace(coarse, **change)))
