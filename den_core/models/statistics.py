"""Running statistics of lower levels that nobody has trained yet: what they are when the full level is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from den_core.models.chain import ElasticChain
from den_core.models.elastic import ElasticNorm
from den_core.models.estimator import Estimator
from den_core.structures import random_structures


def freeze_statistics(estimator: Estimator) -> None:
    """Let all norms go by their running statistics until `train` or `eval` is called again."""
    for module in estimator.modules():
        if isinstance(module, (ElasticNorm, nn.BatchNorm2d)):
            module.eval()


def match_statistics(estimator: Estimator, images: Mapping[str, Tensor], generator: torch.Generator) -> None:
    """Set the running statistics of all levels below the full one so that their maps are spread as the full one's are.

    A level that adds up fewer channels has other means and smaller variances. Behind its norms they shall be, channel
    by channel, what the full level's are for the same maps, whatever its own running statistics make of these. The
    maps of later blocks come from earlier ones at random levels.

    Args:
        estimator: with statistics per level, its norms in evaluation mode.
        images: by task, (B_t, 3, size_t, size_t), normalised.
        generator: draws the levels.
    """
    with torch.no_grad():
        maps = [estimator.stems[task](x) for task, x in images.items()]
        for block in estimator.blocks:
            assert isinstance(block, ElasticChain)  # as all families have it
            for level, channels in enumerate(block.hidden[:-1]):
                if channels:
                    _match_level(block, level, maps)
            maps = [
                block(x, random_structures(len(x), 1, block.num_levels, generator)[:, 0].to(x.device)) for x in maps
            ]


def _match_level(block: ElasticChain, level: int, maps: Sequence[Tensor]) -> None:
    full = block.num_levels - 1
    lower, whole = list(maps), list(maps)
    for i, layer in enumerate(block.layers):
        if i and (norm := block.norm(i)) is not None:
            _match_norm(norm, level, lower, whole)
        lower = [layer.convolve(block.given(i, x, level), block.weight(i, level)) for x in lower]
        whole = [layer.convolve(block.given(i, x, full), block.weight(i, full)) for x in whole]
    if (trailing := block.norm(len(block.layers))) is not None:
        _match_norm(trailing, level, lower, whole)


def _match_norm(norm: ElasticNorm, level: int, lower: Sequence[Tensor], whole: Sequence[Tensor]) -> None:
    channels = lower[0].shape[1]
    mean, var = _moments(lower)
    full_mean, full_var = (part[:channels] for part in _moments(whole))
    ratio = (var / full_var.clamp(min=1e-12)).sqrt()
    full_row = norm.running_mean[-1, :channels], norm.running_var[-1, :channels]
    norm.running_mean[level, :channels] = mean - (full_mean - full_row[0]) * ratio
    norm.running_var[level, :channels] = ((full_row[1] + norm.eps) * ratio.square() - norm.eps).clamp(min=0)


def _moments(maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Means and variances of channels over the images and pixels of several batches, (C,) each."""
    pixels = torch.cat([x.float().transpose(0, 1).flatten(1) for x in maps], dim=1)
    return pixels.mean(1), pixels.var(1, correction=0)
