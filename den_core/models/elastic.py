"""Prefix slicing and masking: the only file that knows how a level becomes channels.

Letters: B images, C channels, H W pixels, n blocks, h levels, G hidden channels of a level.
A level uses a prefix of the hidden channels, so a lower level's weights are contained in a higher level's.
The level is always an argument. No module remembers one: a network can serve several callers at once and every
image of a batch can have its own structure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from den_core.errors import ConfigError, unknown
from den_core.models.dispatch import Runs


def level_mask(levels: Tensor, hidden: Sequence[int]) -> Tensor:
    """Which hidden channels each image may use: bool (B, G, 1, 1), true inside the level's prefix.

    Args:
        levels: (B,), int64, 0 … h-1.
        hidden: hidden channels of every level, rising; G is the last one.
    """
    channels = torch.arange(hidden[-1], device=levels.device)
    # from numbers: a table would have to be copied to the device, which waits for all work on it
    prefix = torch.full_like(levels, hidden[0])
    for level in range(1, len(hidden)):
        prefix = prefix + (levels >= level) * (hidden[level] - hidden[level - 1])
    return (channels[None, :] < prefix[:, None])[:, :, None, None]


class ElasticNorm(nn.Module):
    """Batch normalisation of a prefix of channels, with running statistics of its own for every level.

    The affine weights are shared by the levels and nested like the convolutions'. The statistics are private
    ("per_level", as Slimmable networks and DS-Net keep them) or shared ("shared"). In training every level is
    normalised by the images of the batch that run at it; in evaluation by its running statistics, a fixed affine
    map, so that an image's result does not depend on its batch.

    Private statistics are the default because they let training run only what each image's levels need ("dispatched");
    what either kind reaches stands in `assets/study/README.md`.

    Args:
        num_features: channels of the full level.
        num_levels: h.
        statistics: "per_level" or "shared".

    Raises:
        ConfigError: other statistics.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, num_levels: int, statistics: str, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        rows = {"per_level": num_levels, "shared": 1}
        if statistics not in rows:
            raise ConfigError(unknown("norm statistics", statistics, rows))
        self.shared = statistics == "shared"
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(rows[statistics], num_features))
        self.register_buffer("running_var", torch.ones(rows[statistics], num_features))

    def forward(self, x: Tensor, level: int) -> Tensor:
        """Normalise images that all run at one level: (B, G, H, W) with G <= num_features channels."""
        row, channels = 0 if self.shared else level, x.shape[1]
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return self._alone(x, row)
        return F.batch_norm(
            x,
            self.running_mean[row, :channels],
            self.running_var[row, :channels],
            self.weight[:channels],
            self.bias[:channels],
            self.training,
            self.momentum,
            self.eps,
        )

    def _alone(self, x: Tensor, row: int) -> Tensor:
        """What normalising by its own statistics makes of a single value per channel, which torch refuses to do."""
        channels = x.shape[1]
        # as F.batch_norm itself does, unseen by autograd, which keeps the statistics that another level's images met
        self.running_mean.data[row, :channels].lerp_(x.detach().flatten().to(self.running_mean.dtype), self.momentum)
        self.running_var.data[row, :channels].mul_(1 - self.momentum)
        return (x - x) * self.weight[:channels, None, None].to(x.dtype) + self.bias[:channels, None, None].to(x.dtype)

    def forward_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        """Normalise a batch in which every image has its own level: (B, num_features, H, W), levels (B,)."""
        if self.shared:
            return self(x, 0)
        if not self.training:
            mean, var = self.running_mean[levels], self.running_var[levels]
        else:
            with torch.autocast(x.device.type, enabled=False):  # a matrix product of statistics would be rounded
                mean, var = self._batch_statistics(x, levels)
        scale = self.weight * torch.rsqrt(var + self.eps)
        shift = self.bias - mean * scale
        return x * scale[:, :, None, None].to(x.dtype) + shift[:, :, None, None].to(x.dtype)

    def _batch_statistics(self, x: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Every image's mean and biased variance, those of its level's images, (B, C); updates the running ones."""
        rows = self.running_mean.shape[0]
        pixels = x.shape[2] * x.shape[3]
        # not `F.one_hot`, which waits for the device, nor indices, whose gradient is slow there
        member = (levels[:, None] == torch.arange(rows, device=levels.device)).float()
        count = member.sum(0)[:, None] * pixels
        wide = x.float()
        mean = member.T @ wide.sum((2, 3)) / count.clamp(min=1)
        own_mean = member @ mean
        centred = wide - own_mean[:, :, None, None]
        var = member.T @ centred.square().sum((2, 3)) / count.clamp(min=1)
        with torch.no_grad():
            seen = count > 0
            unbiased = var * (count / (count - 1).clamp(min=1))
            self.running_mean.lerp_(torch.where(seen, mean, self.running_mean), self.momentum)
            self.running_var.lerp_(torch.where(seen, unbiased, self.running_var), self.momentum)
        return own_mean, member @ var

    def scale_and_shift(self, level: int, channels: int) -> tuple[Tensor, Tensor]:
        """The affine map of a level in evaluation, (channels,) each: y = scale · x + shift."""
        row = 0 if self.shared else level
        scale = self.weight[:channels] * torch.rsqrt(self.running_var[row, :channels] + self.eps)
        return scale, self.bias[:channels] - self.running_mean[row, :channels] * scale


class ElasticBlock(nn.Module, ABC):
    """A block with levels: `shortcut(x) + branch(x, level)`; a level without channels is the shortcut alone.

    A family's block fills in the abstract methods below `forward_runs`. All of them state their level.

    Args:
        hidden: hidden channels of every level, rising, (h,).
        in_channels, out_channels: the same at every level.
    """

    def __init__(self, in_channels: int, out_channels: int, hidden: Sequence[int]):
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.hidden = tuple(hidden)

    @property
    def num_levels(self) -> int:
        return len(self.hidden)

    def forward(self, x: Tensor, levels: Tensor) -> Tensor:
        """Masked: all channels for all images, then zeros. (B, in, H, W), levels (B,) -> (B, out, H', W')."""
        return self.shortcut(x) + self.branch_mixed(x, levels)

    def forward_runs(self, x: Tensor, runs: Runs) -> Tensor:
        """Dispatched: every level's slice on its own images. Equal to `forward` to floating-point tolerance.

        Args:
            x: (B, in, H, W).
            runs: how many images in a row have which level. In training every level occurs once, so that its statistics
                come from all of its images.
        """
        y = self.shortcut(x)
        sizes = [images for _, images in runs]
        parts = [
            y_l + self.branch(x_l, level) if self.hidden[level] else y_l
            for (level, _), x_l, y_l in zip(runs, x.split(sizes), y.split(sizes), strict=True)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @abstractmethod
    def shortcut(self, x: Tensor) -> Tensor:
        """What the branch is added to, and all that a skipped image keeps.

        Where it has weights, either `apart` or `static_shortcut` says what becomes of them in static forms.
        """

    def join(self, y: Tensor, x: Tensor) -> Tensor:
        """`shortcut(x) + y`, for evaluation: it may write into y."""
        return y.add_(self.shortcut(x))

    def apart(self) -> ElasticBlock:
        """What static forms take shortcuts and joins from: itself, or a copy where these have weights."""
        return self

    def static_shortcut(self) -> nn.Module | None:
        """The shortcut as a plain module for evaluation, norms folded; None where it has none of its own."""
        return None

    @property
    def keeps(self) -> bool:
        """Whether the shortcut is x itself, so that the branch can be added to it in place."""
        return False

    @abstractmethod
    def branch(self, x: Tensor, level: int) -> Tensor:
        """The residual of images that all run at `level`, computed on the level's channels only."""

    @abstractmethod
    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        """The residual of images with levels of their own, computed on all channels and masked."""

    @abstractmethod
    def static_branch(self, level: int) -> nn.Module | None:
        """The residual of one level as a plain module for evaluation, norms folded; None where it is skipped."""

    @abstractmethod
    def count(self, level: int, side: int) -> tuple[int, int]:
        """(MACs, parameters) of one image at a level, for an input map of `side` × `side` pixels."""

    def params(self, levels: Collection[int], side: int) -> int:
        """Parameters that some levels use together: those of the highest, which has the others inside."""
        return self.count(max(levels), side)[1]

    @abstractmethod
    def side(self, side: int) -> int:
        """Pixels along the side of the map that it makes of one of `side` pixels."""
