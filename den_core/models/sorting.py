"""Channels inside blocks in the order of their importance, so that a level, which is a prefix, has the best of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from den_core.errors import ConfigError
from den_core.models.chain import ElasticChain
from den_core.models.estimator import Estimator


def elastic_boundaries(chain: ElasticChain) -> list[list[int]]:
    """Boundaries between layers i and i + 1 whose channels a level decides, in groups that have the same channels.

    A convolution that filters every channel alone ties those before and behind it.

    Raises:
        ConfigError: channels see others of their group alone, so that they cannot change places.
    """
    if any(layer.group > 1 for layer in chain.layers):
        raise ConfigError("expected convolutions of all channels or of single ones, found groups of several channels")
    groups: list[list[int]] = []
    for i, widths in enumerate(chain.inner):
        if len(set(widths)) == 1 < len(widths):
            continue
        if groups and groups[-1][-1] == i - 1 and chain.layers[i].group == 1:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def outgoing_importance(chain: ElasticChain, boundary: int) -> Tensor:
    """How much of the next layer hangs on every channel, (channels,): L1 norm of its weights times its norm's scale.

    The weights are those of the first layer from here on that mixes channels.
    """
    i = boundary + 1
    while chain.layers[i].group == 1:
        i += 1
    norm = chain.norm(i)
    assert norm is not None  # there is one before every layer but the first
    return chain.conv(i).weight.detach().abs().sum((0, 2, 3)) * norm.weight.detach().abs()


def sort_channels(chain: ElasticChain, orders: Mapping[int, Tensor]) -> None:
    """Put the channels of boundaries into an order; the full level computes what it did.

    Args:
        orders: by boundary, int64 (channels,); those that `elastic_boundaries` ties have the same.
    """
    with torch.no_grad():
        for i, order in orders.items():
            before, after, norm = chain.conv(i), chain.conv(i + 1), chain.norm(i + 1)
            assert norm is not None  # as above
            before.weight.copy_(before.weight[order])
            if chain.layers[i + 1].group != 1:  # or the next boundary's order is this one
                after.weight.copy_(after.weight[:, order])
            for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                values.copy_(values[..., order])


def sort_by_importance(estimator: Estimator) -> None:
    """Sort the channels of all blocks, the most important ones first."""
    for block in estimator.blocks:
        assert isinstance(block, ElasticChain)  # as all families have it
        for group in elastic_boundaries(block):
            order = outgoing_importance(block, group[-1]).argsort(descending=True)
            sort_channels(block, dict.fromkeys(group, order))
