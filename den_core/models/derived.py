"""Backbones that are made of another one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Self

from den_core.config import TaskConfig
from den_core.models.elastic import ElasticBlock
from den_core.models.registry import Backbone
from den_core.models.stems import Stem


@dataclass(frozen=True)
class DerivedBackbone(Backbone):
    """What it does not say otherwise is the other one's."""

    one: Backbone

    def __post_init__(self) -> None:
        # frozen, and theirs rather than given
        object.__setattr__(self, "scale", self.one.scale)
        object.__setattr__(self, "level_fractions", self.one.level_fractions)

    @property
    def num_blocks(self) -> int:
        return self.one.num_blocks

    @property
    def out_channels(self) -> int:
        return self.one.out_channels

    @property
    def stage_ends(self) -> tuple[int, ...]:
        return self.one.stage_ends

    def scaled(self, width: float) -> Self:
        return dataclasses.replace(self, one=self.one.scaled(width))

    def stem(self, task: TaskConfig) -> Stem:
        return self.one.stem(task)

    def selector_stem(self, task: TaskConfig) -> Stem:
        return self.one.selector_stem(task)

    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        return self.one.selector_blocks(side)
