"""Blocks with a parameter-free shortcut, whose lowest level may be the shortcut alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from den_core.models.chain import ElasticChain, Layer


def shortcut(x: Tensor, out_channels: int, stride: int) -> Tensor:
    """Average-pool by the stride and add channels of zeros; x itself where neither is needed."""
    if stride > 1:
        x = F.avg_pool2d(x, stride)
    if x.shape[1] < out_channels:
        # padding would leave the channels-last layout that convolutions run fastest in
        zeros = x.new_zeros(x.shape[0], out_channels - x.shape[1], x.shape[2], x.shape[3])
        x = torch.cat([x, zeros.contiguous(memory_format=torch.channels_last)], dim=1)
    return x


class ResidualBlock(ElasticChain):
    """`shortcut(x) + branch(x, level)`; a level without channels is skipped."""

    @property
    def stride(self) -> int:
        """Of all layers together."""
        stride = 1  # not math.prod over a generator, at which torch.export stops
        for layer in self.layers:
            stride *= layer.stride
        return stride

    @property
    def keeps(self) -> bool:
        return self.stride == 1 and self.in_channels == self.out_channels

    def shortcut(self, x: Tensor) -> Tensor:
        return shortcut(x, self.out_channels, self.stride)

    def join(self, y: Tensor, x: Tensor) -> Tensor:
        # the channels of zeros that a shortcut adds need not be made to be added
        y[:, : self.in_channels] += shortcut(x, self.in_channels, self.stride)
        return y


def basic_block(
    in_channels: int, out_channels: int, hidden: Sequence[int], stride: int, statistics: str
) -> ResidualBlock:
    """norm – ReLU – 3×3 – norm – ReLU – 3×3: the block of the paper's WRN and ResNet."""
    return ResidualBlock(in_channels, out_channels, [hidden], [Layer(3, stride), Layer(3)], statistics)


def bottleneck_block(
    in_channels: int, out_channels: int, hidden: Sequence[int], stride: int, statistics: str
) -> ResidualBlock:
    """1×1 – 3×3 – 1×1 with fewer channels in between: the block of the deeper ResNets."""
    return ResidualBlock(
        in_channels, out_channels, [hidden, hidden], [Layer(1), Layer(3, stride), Layer(1)], statistics
    )


def branched_block(
    in_channels: int, out_channels: int, hidden: Sequence[int], stride: int, statistics: str
) -> ResidualBlock:
    """1×1 – 3×3 – 1×1 in parallel branches of `out_channels` hidden channels: the block of the paper's ResNeXt.

    A level uses the first branches of all. The outer convolutions of the branches, added up, are one convolution; the
    inner ones are a grouped convolution.
    """
    layers = [Layer(1), Layer(3, stride, group=out_channels), Layer(1)]
    return ResidualBlock(in_channels, out_channels, [hidden, hidden], layers, statistics)
