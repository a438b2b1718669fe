"""Inverted residual blocks: EfficientNet-Lite (Tan et al., 2020) and MobileNetV2 (Sandler et al., CVPR 2018).

A block widens its maps by a 1×1 convolution, filters every channel alone and narrows them again; a level is a prefix of
the wide channels. Blocks that keep the shape of their maps have a shortcut and may be skipped; of the others, which
cannot, the lowest level has half of the next one's channels. Weights of networks that others have trained fit, see
`den_core.models.pretrained`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from den_core.config import TaskConfig
from den_core.models.any_side import AnySide, fractions_without_skipping
from den_core.models.chain import ElasticChain, Layer
from den_core.models.elastic import ElasticBlock
from den_core.models.plain import PlainBlock
from den_core.models.registry import SELECTOR_FRACTION, hidden_channels, register_backbone, scaled_channels
from den_core.models.residual import ResidualBlock
from den_core.models.stems import ChainStem, Head

CEILING = 6.0
"Of all activations: ReLU6."


@dataclass(frozen=True)
class MobileStage:
    """Blocks of one width.

    Args:
        expansion: wide channels of a block ÷ those of its input.
        width: channels that its blocks give.
        blocks: how many.
        stride: of the first.
        kernel: of the convolutions that filter every channel alone.
    """

    expansion: int
    width: int
    blocks: int
    stride: int
    kernel: int = 3


@dataclass(frozen=True)
class MobileBackbone(AnySide):
    """A mobile family as data.

    Args:
        stem_channels: of the first convolution.
        first_channels: that the stem gives to the blocks, after a block that does not widen its maps.
        stages: the blocks.
        head_channels: of the last convolution, which ends the last block.
        same: see `Layer`; of strides.
        eps: of the norms.
    """

    stem_channels: int
    first_channels: int
    stages: tuple[MobileStage, ...]
    head_channels: int
    same: bool
    eps: float
    level_fractions: tuple[float, ...] = (0.0, 0.5, 0.75, 1.0)
    scale: str = "pretrained"

    @property
    def out_channels(self) -> int:
        return self.head_channels

    def scaled(self, width: float) -> MobileBackbone:
        stages = tuple(dataclasses.replace(stage, width=scaled_channels(stage.width, width)) for stage in self.stages)
        return dataclasses.replace(self, stages=stages, head_channels=scaled_channels(self.head_channels, width))

    def stem_of(self, task: TaskConfig, size: int) -> ChainStem:
        layers = (self._layer(3, 2), self._layer(3, group=1), self._layer(1))
        channels = [(self.stem_channels,)] * 2
        return ChainStem(task, self._chain(3, self.first_channels, channels, layers, "per_level"), size)

    def head(self, place: int, classes: int) -> Head:
        return Head(self.head_channels, classes, CEILING, self.eps)

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = self.first_channels
        for place, stage in enumerate(self.stages):
            for i in range(stage.blocks):
                last = place == len(self.stages) - 1 and i == stage.blocks - 1
                blocks.append(self._block(channels, stage, 1 if i else stage.stride, fractions, statistics, last))
                channels = stage.width
        return blocks

    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = self.first_channels
        for stage in self.stages:
            blocks.append(self._block(channels, stage, stage.stride, [SELECTOR_FRACTION], "shared", False))
            channels = stage.width
        return blocks

    def _block(
        self, channels: int, stage: MobileStage, stride: int, fractions: Sequence[float], statistics: str, last: bool
    ) -> ElasticChain:
        """A block; the last of all ends in the convolution before the heads, whose norm is theirs."""
        layers = [self._layer(1), self._layer(stage.kernel, stride, group=1), self._layer(1)]
        keeps = stride == 1 and channels == stage.width and not last
        wide = channels * stage.expansion
        hidden = hidden_channels(fractions if keeps else fractions_without_skipping(fractions), wide)
        inner = [hidden, hidden]
        if last:
            layers.append(Layer(1, linear=True))
            inner.append((stage.width,) * len(hidden))
        out = self.head_channels if last else stage.width
        return self._chain(channels, out, inner, layers, statistics, keeps=keeps, trailing=not last)

    def _chain(
        self, channels: int, out: int, inner: Sequence[tuple[int, ...]], layers: Sequence[Layer], statistics: str,
        keeps: bool = False, trailing: bool = True,
    ) -> ElasticChain:  # fmt: skip
        kind = ResidualBlock if keeps else PlainBlock
        return kind(channels, out, inner, layers, statistics, leading=False, trailing=trailing, eps=self.eps)

    def _layer(self, kernel: int, stride: int = 1, group: int = 0) -> Layer:
        return Layer(kernel, stride, group=group, ceiling=CEILING, same=self.same)


LITE0 = (
    MobileStage(6, 24, 2, 2),
    MobileStage(6, 40, 2, 2, 5),
    MobileStage(6, 80, 3, 2),
    MobileStage(6, 112, 3, 1, 5),
    MobileStage(6, 192, 4, 2, 5),
    MobileStage(6, 320, 1, 1),
)
LITE1 = tuple(dataclasses.replace(stage, blocks=n) for stage, n in zip(LITE0, (3, 3, 4, 4, 5, 1), strict=True))
V2 = (
    MobileStage(6, 24, 2, 2),
    MobileStage(6, 32, 3, 2),
    MobileStage(6, 64, 4, 2),
    MobileStage(6, 96, 3, 1),
    MobileStage(6, 160, 3, 2),
    MobileStage(6, 320, 1, 1),
)
TINY = (MobileStage(4, 8, 2, 2), MobileStage(4, 12, 1, 1, 5), MobileStage(4, 16, 1, 2))

register_backbone("efficientnet-lite0", MobileBackbone(32, 16, LITE0, 1280, same=True, eps=1e-3))
register_backbone("efficientnet-lite1", MobileBackbone(32, 16, LITE1, 1280, same=True, eps=1e-3))
register_backbone("mobilenet-v2", MobileBackbone(32, 16, V2, 1280, same=False, eps=1e-5))
register_backbone("mobile-narrow", MobileBackbone(8, 8, TINY, 24, same=True, eps=1e-3, scale="tiny"))
