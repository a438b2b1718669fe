"""Families without shortcuts, which take images as they are: every level of a block must have channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from den_core.config import TaskConfig
from den_core.errors import ConfigError
from den_core.models.chain import ElasticChain, Layer
from den_core.models.elastic import ElasticBlock
from den_core.models.registry import SELECTOR_FRACTION, Backbone, hidden_channels, scaled_channels
from den_core.models.stems import ImageStem


class PlainBlock(ElasticChain):
    """`branch(x, level)` alone."""

    def shortcut(self, x: Tensor) -> Tensor:
        side = self.side(x.shape[2])
        return x.new_zeros(x.shape[0], self.out_channels, side, side)

    def join(self, y: Tensor, x: Tensor) -> Tensor:
        return y


@dataclass(frozen=True)
class PlainStage:
    """Layers that form one block.

    Args:
        layers: first to last, for maps of `side` pixels (a layer may be as large as the map): side -> layers.
        widths: channels after every layer.
        fixed_layers: how many, last of all, have no levels: all channels before and after them are in use.
    """

    layers: Callable[[int], Sequence[Layer]]
    widths: tuple[int, ...]
    fixed_layers: int = 0

    def inner(self, fractions: Sequence[float]) -> list[tuple[int, ...]]:
        """Channels of every level after all layers but the last."""
        cut = len(self.widths) - 1 - self.fixed_layers
        always = [(width,) * len(fractions) for width in self.widths[cut:-1]]
        return [hidden_channels(fractions, width) for width in self.widths[:cut]] + always


@dataclass(frozen=True)
class PlainBackbone(Backbone):
    """A plain family as data.

    Args:
        stages: the blocks, first to last.
        selector_stages: the selector's blocks, as wide as the estimator's before they are narrowed.
        smallest: side of an image, pixels.
    """

    stages: tuple[PlainStage, ...]
    selector_stages: tuple[PlainStage, ...]
    smallest: int
    level_fractions: tuple[float, ...]
    scale: str = "paper"

    @property
    def num_blocks(self) -> int:
        return len(self.stages)

    @property
    def fixed_layers(self) -> int:
        """How many layers have no levels."""
        return sum(stage.fixed_layers for stage in self.stages)

    @property
    def out_channels(self) -> int:
        return self.stages[-1].widths[-1]

    @property
    def stage_ends(self) -> tuple[int, ...]:
        return tuple(range(self.num_blocks))

    def scaled(self, width: float) -> PlainBackbone:
        stages, selector_stages = (
            tuple(
                dataclasses.replace(stage, widths=tuple(scaled_channels(channels, width) for channels in stage.widths))
                for stage in stages
            )
            for stages in (self.stages, self.selector_stages)
        )
        return dataclasses.replace(self, stages=stages, selector_stages=selector_stages)

    def stem(self, task: TaskConfig) -> ImageStem:
        if task.size < self.smallest:
            raise ConfigError(f"task {task.name}: expected a size of at least {self.smallest}, found {task.size}")
        return ImageStem(task)

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        if not all(fraction > 0 for fraction in fractions):
            raise ConfigError(
                f"expected level fractions above 0 for a backbone whose blocks cannot be skipped, "
                f"found {list(fractions)}; its own are {list(self.level_fractions)}"
            )
        return self._build(self.stages, fractions, statistics, side)

    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        return self._build(self.selector_stages, [SELECTOR_FRACTION], "shared", side)

    def _build(
        self, stages: Sequence[PlainStage], fractions: Sequence[float], statistics: str, side: int
    ) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = 3
        for stage in stages:
            out = stage.widths[-1]
            block = PlainBlock(
                channels, out, stage.inner(fractions), stage.layers(side), statistics, leading=bool(blocks)
            )
            blocks.append(block)
            channels, side = out, block.side(side)
        return blocks
