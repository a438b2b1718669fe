"""Backbones, stems and the selector."""

import dataclasses
import math

import pytest
import torch

from den_core.errors import ConfigError
from den_core.models import registry
from den_core.models.estimator import Estimator
from den_core.models.registry import find_backbone, list_backbones, register_backbone
from den_core.models.residual import basic_block
from den_core.models.selector import TOP, Selector, difficulty
from den_core.models.staged import Stage, StagedBackbone
from den_core.models.static import StaticSelector
from den_core.structures import random_structures
from den_core.training import objective as eq


def test_an_unknown_backbone_names_those_there_are(toy_network):
    with pytest.raises(ConfigError, match=r"found 'resnet-9'; did you mean resnet-\d"):
        Estimator(toy_network("resnet-9"))


def test_a_registered_backbone_runs_in_estimator_and_selector(toy_network, rng, monkeypatch):
    monkeypatch.setattr(registry, "_BACKBONES", dict(registry._BACKBONES))
    stages = (Stage(4, 1, 1), Stage(8, 2, 2))
    spec = StagedBackbone(stem_channels=4, stages=stages, make_block=basic_block, scale="tiny")
    register_backbone("pebble", spec)
    register_backbone("pebble", spec)  # the same once more is no mistake

    estimator, selector = Estimator(toy_network("pebble")), Selector(toy_network("pebble"))

    x = torch.randn(2, 3, 32, 32, generator=rng)
    assert "pebble" in list_backbones(scale="tiny")
    assert estimator.classify(x, random_structures(2, 3, 4, rng), "toy").shape == (2, 5)
    assert selector.model_distribution(x, "toy").shape == (2, 3, 4)


def test_a_taken_backbone_name_is_refused():
    with pytest.raises(ConfigError, match="registered already"):
        register_backbone("wrn-8-1", dataclasses.replace(find_backbone("wrn-8-1"), stem_channels=8))


def test_a_size_that_stems_cannot_bring_to_32_is_refused(toy_network):
    config = toy_network()
    odd = dataclasses.replace(config.tasks[0], size=48, content_size=48)

    with pytest.raises(ConfigError, match="toy: expected a size that is a multiple of 32, found 48"):
        Estimator(dataclasses.replace(config, tasks=(odd,)))


@pytest.mark.parametrize("size", [32, 64, 96, 224])
def test_stems_bring_every_size_to_the_same_maps(size, toy_network):
    config = toy_network()
    task = dataclasses.replace(config.tasks[0], size=size, content_size=size)

    stem = Estimator(dataclasses.replace(config, tasks=(task,))).stems["toy"]

    assert stem(torch.zeros(1, 3, size, size)).shape == (1, 16, 32, 32)


@pytest.mark.parametrize("backbone", list_backbones(scale="tiny"))
def test_every_parameter_gets_a_gradient_in_a_joint_step(backbone, make_estimator, toy_images, rng):
    estimator = make_estimator(backbone).train()
    n, h = estimator.num_blocks, estimator.num_levels
    x = toy_images(estimator, 8)
    z = {task: random_structures(8, n, h, rng) for task in x}
    z["toy"][:2] = h - 1

    sum(logits.square().mean() for logits in estimator(x, z, "masked").values()).backward()

    without = [name for name, p in estimator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without


@pytest.mark.parametrize("temperature", [0.0, 0.1])
def test_every_parameter_of_the_selector_gets_a_gradient(temperature, toy_network, rng):
    torch.manual_seed(0)
    selector = Selector(toy_network(critic=True, temperature=temperature))
    x = {"toy": torch.randn(4, 3, 32, 32, generator=rng), "wide": torch.randn(4, 3, 64, 64, generator=rng)}

    loss = 0
    for out in selector(x).values():
        z = random_structures(4, selector.num_blocks, selector.num_levels, rng)[:, None]
        loss = loss + eq.log_probability(out.log_distribution, z).mean()
        loss = loss + (eq.additive_value(out.critic, out.critic_bias, z) - 1).square().mean()
    loss.backward()

    without = [name for name, p in selector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("temperature", [0.0, 0.1])
def test_model_distribution_rows_sum_to_one(temperature, auxiliary, toy_network, rng, trained_norms):
    """And the static form says the same, of a batch and of one image."""
    selector = Selector(toy_network(critic=True, temperature=temperature, auxiliary=auxiliary))
    trained_norms(selector, rng)
    torch.nn.init.normal_(selector.critic.weight, std=0.02)
    selector.eval()
    x = torch.randn(6, 3, 64, 64, generator=rng)

    C = selector.model_distribution(x, "wide")

    assert C.shape == (6, selector.num_blocks, selector.num_levels)
    torch.testing.assert_close(C.sum(-1), torch.ones(6, selector.num_blocks))
    torch.testing.assert_close(StaticSelector(selector)(x, "wide"), C, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(StaticSelector(selector)(x[2:3], "wide"), C[2:3], atol=1e-5, rtol=1e-5)


def test_uniform_start_is_exactly_uniform(toy_network, rng):
    config = toy_network()
    selector = Selector(dataclasses.replace(config, selector=dataclasses.replace(config.selector, uniform_start=True)))

    C = selector.model_distribution(torch.randn(3, 3, 32, 32, generator=rng), "toy")

    torch.testing.assert_close(C, torch.full((3, 3, 4), 0.25))


def test_the_critics_own_choice_is_the_cheapest_level_at_a_low_temperature(toy_network, rng):
    """With logits that start at 0, C is proportional to exp(-q / T); the policy's gradient leaves the critic alone."""
    config = toy_network(critic=True, temperature=0.05)
    config = dataclasses.replace(config, selector=dataclasses.replace(config.selector, uniform_start=True))
    selector = Selector(config)
    torch.nn.init.normal_(selector.critic.weight)

    out = selector({"toy": torch.randn(3, 3, 32, 32, generator=rng)})["toy"]
    out.log_distribution[..., 0].sum().backward()

    torch.testing.assert_close(out.log_distribution, (-out.critic / 0.05).log_softmax(-1))
    assert selector.critic.weight.grad is None and selector.head.linear.weight.grad is not None


def test_a_temperature_needs_a_critic(toy_network):
    with pytest.raises(ConfigError, match="a selector with a critic where temperature is set"):
        toy_network(critic=False, temperature=0.1)


def test_critic_is_centred_so_that_the_bias_carries_the_mean(toy_network, rng):
    selector = Selector(toy_network(critic=True))
    torch.nn.init.normal_(selector.critic.weight)

    out = selector({"toy": torch.randn(3, 3, 32, 32, generator=rng)})["toy"]

    torch.testing.assert_close(out.critic.mean(-1), torch.zeros(3, 3), atol=1e-5, rtol=0)


def test_difficulty_does_not_depend_on_which_class_it_is(rng):
    logits = 3 * torch.randn(4, 12, generator=rng)
    order = torch.randperm(12, generator=rng)

    found = difficulty(logits)

    p = logits.softmax(1)
    torch.testing.assert_close(difficulty(logits[:, order]), found)
    torch.testing.assert_close(found[:, 0], p.max(1).values)
    torch.testing.assert_close(found[:, -1], -(p * p.log()).sum(1))
    assert found.shape == (4, TOP + 1)


def test_few_classes_are_filled_up_with_zeros():
    found = difficulty(torch.tensor([[0.0, 0.0, 0.0]]))

    torch.testing.assert_close(found[0, :4], torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0]))
    assert float(found[0, -1]) == pytest.approx(math.log(3))


def test_the_auxiliary_head_is_shaped_by_labels_alone(toy_network, rng):
    """The choice reads the answer's certainty, but does not push it."""
    selector = Selector(toy_network(critic=True, temperature=0.1, auxiliary=True))
    torch.nn.init.normal_(selector.critic.weight)

    out = selector({"toy": torch.randn(3, 3, 32, 32, generator=rng)})["toy"]
    (out.critic.square().sum() + out.log_distribution[..., 0].sum()).backward()

    assert out.class_logits.shape == (3, 5)
    assert selector.classifiers["toy"].weight.grad is None and selector.mix.weight.grad.abs().sum() > 0


def test_the_auxiliary_head_is_counted(toy_network):
    plain, auxiliary = (Selector(toy_network(critic=True, temperature=0.1, auxiliary=a)) for a in (False, True))
    channels = auxiliary.mix.out_features

    macs, params = (b - a for a, b in zip(plain.count("toy"), auxiliary.count("toy"), strict=True))

    assert macs == 5 * channels + (channels + TOP + 1) * channels
    assert params == macs + 5 + channels


@pytest.mark.parametrize("name, width", [("wrn-8-1", 0.5), *((name, 2.0) for name in list_backbones(scale="tiny"))])
def test_a_wider_or_narrower_network_runs_and_costs_what_it_should(name, width, toy_network, rng):
    config = toy_network(name)
    scaled = dataclasses.replace(config, backbone=dataclasses.replace(config.backbone, width=width))

    estimator, selector = Estimator(scaled), Selector(scaled)

    assert find_backbone(name).scaled(1.0) == find_backbone(name)
    assert estimator.num_blocks == Estimator(config).num_blocks
    x = {
        task: torch.randn(2, 3, t.size, t.size, generator=rng)
        for task, t in zip(estimator.stems, scaled.tasks, strict=True)
    }
    z = random_structures(2, estimator.num_blocks, estimator.num_levels, rng)
    logits = estimator(x, dict.fromkeys(x, z))
    assert {task: part.shape[1] for task, part in logits.items()} == {t.name: t.num_classes for t in scaled.tasks}
    assert selector(x)["toy"].log_distribution.shape == (2, estimator.num_blocks, estimator.num_levels)
    own, others = (sum(p.numel() for p in Estimator(c).blocks.parameters()) for c in (config, scaled))
    assert (others > own) == (width > 1)
