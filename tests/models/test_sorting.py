"""Sorted channels: the full level stays what it was, and prefixes have the most important ones."""

from __future__ import annotations

import copy

import pytest
import torch

from den_core.errors import ConfigError
from den_core.models.registry import list_backbones
from den_core.models.sorting import (
    by_first_order,
    by_weights,
    elastic_boundaries,
    outgoing_importance,
    sort_by_importance,
)
from den_core.structures import full_structure

SORTABLE = [name for name in list_backbones(scale="tiny") if not name.startswith("resnext")]


@torch.no_grad()
@pytest.mark.parametrize("backbone", SORTABLE)
def test_the_full_level_answers_as_before(backbone, make_estimator, toy_images):
    estimator = make_estimator(backbone).double()
    images = toy_images(estimator, 3, torch.float64)
    z = full_structure(3, estimator.num_blocks, estimator.num_levels)
    before = {task: estimator.classify(x, z, task) for task, x in images.items()}
    weights = copy.deepcopy(estimator.state_dict())

    sort_by_importance(estimator, by_weights(estimator))

    assert any(not torch.equal(value, weights[name]) for name, value in estimator.state_dict().items())
    for task, x in images.items():
        torch.testing.assert_close(estimator.classify(x, z, task), before[task])


@pytest.mark.parametrize("backbone", SORTABLE)
def test_the_most_important_channels_come_first(backbone, make_estimator):
    estimator = make_estimator(backbone)

    sort_by_importance(estimator, by_weights(estimator))

    for block in estimator.blocks:
        for group in elastic_boundaries(block):
            assert (outgoing_importance(block, group[-1]).diff() <= 1e-6).all()


def test_what_filters_every_channel_alone_ties_the_channels_around_it(make_estimator):
    mobile = make_estimator("mobile-narrow")

    # widen, filter, narrow; the last block's convolution before the heads sees channels that no level decides
    assert [elastic_boundaries(block) for block in mobile.blocks] == [[[0, 1]]] * len(mobile.blocks)
    assert elastic_boundaries(make_estimator("wrn-8-1").blocks[0]) == [[0]]


def test_channels_of_a_group_cannot_change_places(make_estimator):
    name = next(name for name in list_backbones(scale="tiny") if name.startswith("resnext"))

    grouped = make_estimator(name)

    with pytest.raises(ConfigError, match="found groups of several channels"):
        sort_by_importance(grouped, by_weights(grouped))


@pytest.mark.parametrize("backbone", ["wrn-8-1", "mobile-narrow", "torchvision-resnet-bottleneck-narrow"])
def test_channels_that_change_nothing_come_last(backbone, make_estimator, toy_images):
    estimator = make_estimator(backbone)
    images = toy_images(estimator, 6, torch.float32)
    labels = {task: torch.arange(6) % estimator.heads[task].linear.out_features for task in images}
    for block in estimator.blocks:
        for group in elastic_boundaries(block):
            norm = block.norm(group[-1] + 1)
            with torch.no_grad():  # every other channel is always 0
                norm.weight[::2], norm.bias[::2] = 0, 0

    importance = by_first_order(estimator, [(images, labels)])
    matters = {
        (i, group[-1]): int((importance(i, group[-1]) > 0).sum())
        for i, block in enumerate(estimator.blocks)
        for group in elastic_boundaries(block)
    }
    sort_by_importance(estimator, importance)

    assert max(matters.values()) > 1
    for (i, boundary), count in matters.items():
        kept = estimator.blocks[i].norm(boundary + 1).weight != 0
        assert kept[:count].all() and count <= int(kept.sum())
