"""Channels inside blocks in the order of their importance, so that a level, which is a prefix, has the best of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.errors import ConfigError
from den_core.models.chain import ElasticChain
from den_core.models.elastic import ElasticNorm
from den_core.models.estimator import Estimator
from den_core.structures import full_structure


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


Importance = Callable[[int, int], Tensor]
"(block, boundary) -> how important each of its channels is, (channels,)."


def by_weights(estimator: Estimator) -> Importance:
    """`outgoing_importance`, which needs no images."""
    return lambda block, boundary: outgoing_importance(_chain(estimator, block), boundary)


def by_first_order(
    estimator: Estimator, batches: Iterable[tuple[Mapping[str, Tensor], Mapping[str, Tensor]]]
) -> Importance:
    """How much the loss would change without a channel, by the first term of its Taylor series, squared, summed up.

    What is taken away is scale and shift of the norm behind the channel (Molchanov et al., CVPR 2019, Eq. 8).

    Args:
        estimator: its norms in evaluation mode.
        batches: normalised images, (B_t, 3, size_t, size_t), and labels, (B_t,), by task.
    """
    gates = {
        (i, group[-1]): _norm_behind(_chain(estimator, i), group[-1])
        for i in range(estimator.num_blocks)
        for group in elastic_boundaries(_chain(estimator, i))
    }
    sums = {place: torch.zeros_like(norm.weight) for place, norm in gates.items()}
    parameters = [part for norm in gates.values() for part in (norm.weight, norm.bias)]
    for images, labels in batches:
        z = {
            t: full_structure(len(x), estimator.num_blocks, estimator.num_levels).to(x.device)
            for t, x in images.items()
        }
        logits = estimator(dict(images), z, "dispatched")
        loss = torch.stack([F.cross_entropy(logits[task], answer) for task, answer in labels.items()]).mean()
        slopes = iter(torch.autograd.grad(loss, parameters))
        for place, norm in gates.items():
            sums[place] += (norm.weight * next(slopes) + norm.bias * next(slopes)).detach().square()
    return lambda block, boundary: sums[block, boundary]


def _chain(estimator: Estimator, block: int) -> ElasticChain:
    found = estimator.blocks[block]
    assert isinstance(found, ElasticChain)  # as all families have it
    return found


def _norm_behind(chain: ElasticChain, boundary: int) -> ElasticNorm:
    norm = chain.norm(boundary + 1)
    assert norm is not None  # there is one before every layer but the first
    return norm


def sort_by_importance(estimator: Estimator, importance: Importance) -> None:
    """Sort the channels of all blocks, the most important ones first."""
    for i in range(estimator.num_blocks):
        block = _chain(estimator, i)
        for group in elastic_boundaries(block):
            sort_channels(block, dict.fromkeys(group, importance(i, group[-1]).argsort(descending=True)))
