"""torchvision's residual networks (He et al., CVPR 2016): activations behind the sums, projections that learn.

The activation behind a block's sum is taken as the first thing of what comes next, so that a block is one of the
elastic core: `shortcut(ReLU(x)) + branch(ReLU(x))`. A block that changes the shape of its maps has a projection for a
shortcut, which every level pays, and cannot be skipped. Weights of torchvision fit, see `den_core.models.pretrained`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from den_core.config import TaskConfig
from den_core.models.any_side import AnySide, fractions_without_skipping
from den_core.models.chain import ElasticChain, Layer, StaticChain
from den_core.models.elastic import ElasticBlock
from den_core.models.plain import PlainBlock
from den_core.models.registry import SELECTOR_FRACTION, hidden_channels, register_backbone, scaled_channels
from den_core.models.staged import Stage
from den_core.models.stems import ChainStem, Head


class PostBlock(ElasticChain):
    """Layers with a norm behind each, on activated maps; levels where the shape stays may be without channels.

    Args:
        hidden: channels of every level inside, rising.
        stride: of its 3×3 convolution, the first one of a basic block.
        bottleneck: whether 1×1 convolutions are around one 3×3 convolution, instead of two of 3×3.
    """

    def __init__(
        self, in_channels: int, out_channels: int, hidden: Sequence[int], stride: int, bottleneck: bool, statistics: str
    ):
        layers = [Layer(1), Layer(3, stride), Layer(1)] if bottleneck else [Layer(3, stride), Layer(3)]
        inner = [tuple(hidden)] * (len(layers) - 1)
        super().__init__(
            in_channels, out_channels, inner, layers, statistics, leading=False, trailing=True, activated=True
        )
        self.projection: PlainBlock | None = None
        if projected(in_channels, out_channels, stride):
            self.projection = PlainBlock(
                in_channels, out_channels, [], [Layer(1, stride)], "per_level", leading=False, trailing=True,
                activated=True,
            )  # fmt: skip

    def shortcut(self, x: Tensor) -> Tensor:
        return F.relu(x) if self.projection is None else self.projection.branch(x, 0)

    def join(self, y: Tensor, x: Tensor) -> Tensor:
        return y.add_(self.shortcut(x))

    def static_shortcut(self) -> StaticChain | None:
        return None if self.projection is None else StaticChain(self.projection, 0)

    def count(self, level: int, side: int) -> tuple[int, int]:
        macs, params = super().count(level, side)
        if self.projection is None:
            return macs, params
        fixed_macs, fixed_params = self.projection.count(0, side)
        return macs + fixed_macs, params + fixed_params


def projected(in_channels: int, out_channels: int, stride: int) -> bool:
    """Whether a block's shortcut is a projection."""
    return stride > 1 or in_channels != out_channels


@dataclass(frozen=True)
class TorchResNet(AnySide):
    """A family as data.

    Args:
        stem_channels: that the stem gives.
        stages: resolution stages, first to last.
        bottleneck: whether blocks are of three layers, with a quarter of the channels inside.
    """

    stem_channels: int
    stages: tuple[Stage, ...]
    bottleneck: bool = False
    level_fractions: tuple[float, ...] = (0.0, 0.5, 0.75, 1.0)
    scale: str = "pretrained"

    @property
    def out_channels(self) -> int:
        return self.stages[-1].width

    def scaled(self, width: float) -> TorchResNet:
        stages = tuple(dataclasses.replace(stage, width=scaled_channels(stage.width, width)) for stage in self.stages)
        return dataclasses.replace(self, stages=stages)

    def stem_of(self, task: TaskConfig, size: int) -> ChainStem:
        chain = PlainBlock(3, self.stem_channels, [], [Layer(7, 2)], "per_level", leading=False, trailing=True)
        return ChainStem(task, chain, size, pooled=True)

    def head(self, place: int, classes: int) -> Head:
        return Head(self.out_channels, classes, normed=False)

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        return [
            self._block(channels, stage, stride, fractions, statistics)
            for channels, stage, stride in self._places(lambda stage: stage.blocks)
        ]

    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        return [
            self._block(channels, stage, stride, [SELECTOR_FRACTION], "shared")
            for channels, stage, stride in self._places(lambda stage: 1)
        ]

    def _places(self, count) -> list[tuple[int, Stage, int]]:
        """Channels before a block, its stage and its stride, of so many blocks of every stage."""
        found, channels = [], self.stem_channels
        for stage in self.stages:
            for i in range(count(stage)):
                found.append((channels, stage, 1 if i else stage.stride))
                channels = stage.width
        return found

    def _block(
        self, channels: int, stage: Stage, stride: int, fractions: Sequence[float], statistics: str
    ) -> PostBlock:
        if projected(channels, stage.width, stride) and len(fractions) > 1:
            fractions = fractions_without_skipping(fractions)
        hidden = hidden_channels(fractions, stage.width // 4 if self.bottleneck else stage.width)
        return PostBlock(channels, stage.width, hidden, stride, self.bottleneck, statistics)


def torch_resnet(blocks: Sequence[int], bottleneck: bool = False, width: int = 64, scale: str = "pretrained"):
    """A member with so many blocks in its stages."""
    wide = 4 * width if bottleneck else width
    stages = tuple(Stage(wide << i, count, 1 if i == 0 else 2) for i, count in enumerate(blocks))
    return TorchResNet(width, stages, bottleneck, scale=scale)


register_backbone("torchvision-resnet-18", torch_resnet((2, 2, 2, 2)))
register_backbone("torchvision-resnet-34", torch_resnet((3, 4, 6, 3)))
register_backbone("torchvision-resnet-50", torch_resnet((3, 4, 6, 3), bottleneck=True))
register_backbone("torchvision-resnet-narrow", torch_resnet((2, 1, 1), width=8, scale="tiny"))
register_backbone("torchvision-resnet-bottleneck-narrow", torch_resnet((1, 1, 1), True, 8, "tiny"))
