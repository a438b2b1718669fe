"""Families of residual blocks in resolution stages, between a 7×7 stem per task and a head."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from den_core.config import TaskConfig
from den_core.models.elastic import ElasticBlock
from den_core.models.registry import SELECTOR_FRACTION, Backbone, hidden_channels, scaled_channels
from den_core.models.stems import ConvStem


@dataclass(frozen=True)
class Stage:
    """A resolution stage: `blocks` blocks of `width` output channels, the first one with `stride`."""

    width: int
    blocks: int
    stride: int


class HasBlocks(Protocol):
    """A stage of any family."""

    @property
    def blocks(self) -> int: ...


class InStages(Backbone):
    """A family whose blocks come in resolution stages."""

    stages: Sequence[HasBlocks]
    "First to last."

    @property
    def num_blocks(self) -> int:
        return sum(stage.blocks for stage in self.stages)

    @property
    def stage_ends(self) -> tuple[int, ...]:
        return tuple(end - 1 for end in itertools.accumulate(stage.blocks for stage in self.stages))


@dataclass(frozen=True)
class StagedBackbone(InStages):
    """A residual family as data.

    Args:
        stem_channels: channels that every task's stem gives to the first block.
        stages: resolution stages, first to last.
        make_block: (in_channels, out_channels, hidden per level, stride, statistics) -> block.
        hidden_per_width: hidden channels of a full block ÷ its output channels.
        grouped: whether levels are whole branches of `width` hidden channels.
    """

    stem_channels: int
    stages: tuple[Stage, ...]
    make_block: Callable[..., ElasticBlock]
    hidden_per_width: float = 1.0
    grouped: bool = False
    level_fractions: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0)
    scale: str = "paper"

    @property
    def out_channels(self) -> int:
        return self.stages[-1].width

    def scaled(self, width: float) -> StagedBackbone:
        stages = tuple(dataclasses.replace(stage, width=scaled_channels(stage.width, width)) for stage in self.stages)
        # shortcuts may add channels, and drop none
        return dataclasses.replace(self, stages=stages, stem_channels=min(self.stem_channels, stages[0].width))

    def stem(self, task: TaskConfig) -> ConvStem:
        return ConvStem(task, self.stem_channels)

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = self.stem_channels
        for stage in self.stages:
            hidden = self._hidden(stage, fractions)
            for i in range(stage.blocks):
                blocks.append(self.make_block(channels, stage.width, hidden, 1 if i else stage.stride, statistics))
                channels = stage.width
        return blocks

    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = self.stem_channels
        for stage in self.stages:
            # at least one channel or branch, however narrow the stage is
            hidden = [max(*self._hidden(stage, [SELECTOR_FRACTION]), self._group(stage))]
            blocks.append(self.make_block(channels, stage.width, hidden, stage.stride, "shared"))
            channels = stage.width
        return blocks

    def _hidden(self, stage: Stage, fractions: Sequence[float]) -> tuple[int, ...]:
        return hidden_channels(fractions, round(stage.width * self.hidden_per_width), self._group(stage))

    def _group(self, stage: Stage) -> int:
        return stage.width if self.grouped else 1
