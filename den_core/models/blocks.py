"""The pre-activation basic block with levels, and its plain form for evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from den_core.errors import ConfigError
from den_core.models.elastic import ElasticBlock, ElasticNorm, level_mask


def shortcut(x: Tensor, out_channels: int, stride: int) -> Tensor:
    """Average-pool by the stride and add channels of zeros; x itself where neither is needed."""
    if stride > 1:
        x = F.avg_pool2d(x, stride)
    if x.shape[1] < out_channels:
        # padding would leave the channels-last layout that convolutions run fastest in
        zeros = x.new_zeros(x.shape[0], out_channels - x.shape[1], x.shape[2], x.shape[3])
        x = torch.cat([x, zeros.contiguous(memory_format=torch.channels_last)], dim=1)
    return x


class BasicBlock(ElasticBlock):
    """norm – ReLU – 3×3 – norm – ReLU – 3×3, elastic in between: the block of the paper's WRN and ResNet.

    Zeros are put after the second norm and activation, right before the second convolution: a level without channels
    then adds exactly nothing. (A mask before the norm would leave ReLU(bias - …), which is not zero.)
    """

    def __init__(self, in_channels: int, out_channels: int, hidden: Sequence[int], stride: int, statistics: str):
        super().__init__(in_channels, out_channels, hidden, stride)
        width = self.hidden[-1]
        self.norm1 = ElasticNorm(in_channels, self.num_levels, statistics)
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.norm2 = ElasticNorm(width, self.num_levels, statistics)
        self.conv2 = nn.Conv2d(width, out_channels, 3, padding=1, bias=False)

    def shortcut(self, x: Tensor) -> Tensor:
        return shortcut(x, self.out_channels, self.stride)

    def branch(self, x: Tensor, level: int) -> Tensor:
        G = self.hidden[level]
        y = F.relu(self.norm1(x, level))
        y = F.conv2d(y, self.conv1.weight[:G], stride=self.stride, padding=1)
        y = F.relu(self.norm2(y, level))
        return F.conv2d(y, self.conv2.weight[:, :G], padding=1)

    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        y = F.relu(self.norm1.forward_mixed(x, levels))
        y = self.conv1(y)
        y = F.relu(self.norm2.forward_mixed(y, levels))
        return self.conv2(y * level_mask(levels, self.hidden))

    def static_branch(self, level: int) -> StaticBasicBranch | None:
        return StaticBasicBranch(self, level) if self.hidden[level] else None

    def inherit(self, block: BasicBlock, level: int) -> None:
        G = self.hidden[-1]
        mine = (self.in_channels, self.out_channels, self.stride, G)
        theirs = (block.in_channels, block.out_channels, block.stride, block.hidden[level])
        if mine != theirs:
            raise ConfigError(f"expected a block of channels in, out, stride and hidden {mine}, found {theirs}")
        self.norm1.inherit(block.norm1, level)
        self.norm2.inherit(block.norm2, level)
        with torch.no_grad():
            self.conv1.weight.copy_(block.conv1.weight[:G])
            self.conv2.weight.copy_(block.conv2.weight[:, :G])

    def count(self, level: int, side: int) -> tuple[int, int]:
        G = self.hidden[level]
        if G == 0:
            return 0, 0
        weights1, weights2 = 9 * self.in_channels * G, 9 * G * self.out_channels
        macs = (weights1 + weights2) * (side // self.stride) ** 2
        return macs, weights1 + weights2 + 2 * self.in_channels + 2 * G


class StaticBasicBranch(nn.Module):
    """One level of a `BasicBlock` as a plain module: contiguous weights, the second norm folded into its convolution.

    The first norm stays an affine map, because the activation stands between it and the convolution.
    """

    def __init__(self, block: BasicBlock, level: int):
        super().__init__()
        G = block.hidden[level]
        self.stride = block.stride
        with torch.no_grad():
            scale1, shift1 = block.norm1.scale_and_shift(level, block.in_channels)
            scale2, shift2 = block.norm2.scale_and_shift(level, G)
            self.scale = nn.Parameter(scale1[:, None, None].clone())
            self.shift = nn.Parameter(shift1[:, None, None].clone())
            self.weight1 = nn.Parameter(_dense(block.conv1.weight[:G] * scale2[:, None, None, None]))
            self.bias1 = nn.Parameter(shift2.clone())
            self.weight2 = nn.Parameter(_dense(block.conv2.weight[:, :G]))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(torch.addcmul(self.shift, x, self.scale), inplace=True)
        y = F.relu(F.conv2d(y, self.weight1, self.bias1, stride=self.stride, padding=1), inplace=True)
        return F.conv2d(y, self.weight2, padding=1)


def _dense(weight: Tensor) -> Tensor:
    return weight.clone(memory_format=torch.channels_last)
