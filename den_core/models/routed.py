"""Routing networks (Rosenbaum, Klinger, Riemer; ICLR 2018): several modules in place of every fully connected layer.

Levels are what a router picks between: level m runs module m. Convolutions are shared, and the same at all levels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from den_core.errors import ConfigError
from den_core.models.chain import StaticChain
from den_core.models.containers import ModuleListOf
from den_core.models.derived import DerivedBackbone
from den_core.models.dispatch import Runs
from den_core.models.elastic import ElasticBlock
from den_core.models.plain import PlainBackbone, PlainBlock
from den_core.models.registry import Backbone


class RoutedBlock(ElasticBlock):
    """Modules of one shape, of which an image runs one; a single module is everybody's.

    Args:
        modules: with one level each.
        levels: as many as there are modules, or any number where there is one.
    """

    def __init__(self, modules: Sequence[ElasticBlock], levels: int):
        super().__init__(modules[0].in_channels, modules[0].out_channels, (modules[0].hidden[-1],) * levels)
        self.alternatives = ModuleListOf(modules)

    def module(self, level: int) -> ElasticBlock:
        """What a level runs."""
        return self.alternatives[level if len(self.alternatives) > 1 else 0]

    def forward_runs(self, x: Tensor, runs: Runs) -> Tensor:
        # the images of all levels are normalised together where they run alike
        return super().forward_runs(x, runs if len(self.alternatives) > 1 else [(0, len(x))])

    def shortcut(self, x: Tensor) -> Tensor:
        return self.alternatives[0].shortcut(x)

    def join(self, y: Tensor, x: Tensor) -> Tensor:
        return self.alternatives[0].join(y, x)

    def branch(self, x: Tensor, level: int) -> Tensor:
        return self.module(level).branch(x, 0)

    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        if len(self.alternatives) == 1:
            return self.branch(x, 0)
        rows = {level: (levels == level).nonzero().squeeze(1) for level in levels.unique().tolist()}
        parts = [self.branch(x[found], level) for level, found in rows.items()]
        return torch.cat(parts)[torch.cat(list(rows.values())).argsort()]

    def static_branch(self, level: int) -> StaticChain | None:
        branch = self.module(level).static_branch(0)
        assert isinstance(branch, StaticChain)  # a module is a chain with channels
        return branch

    def count(self, level: int, side: int) -> tuple[int, int]:
        return self.module(level).count(0, side)

    def params(self, levels: Collection[int], side: int) -> int:
        found = {id(self.module(level)): level for level in levels}
        return sum(self.count(level, side)[1] for level in found.values())

    def side(self, side: int) -> int:
        return self.alternatives[0].side(side)


@dataclass(frozen=True)
class RoutedBackbone(DerivedBackbone):
    """A backbone whose layers without levels, the fully connected ones, are blocks of several modules."""

    one: PlainBackbone
    modules: int

    @property
    def num_blocks(self) -> int:
        return self.one.num_blocks + self.one.fixed_layers

    @property
    def stage_ends(self) -> tuple[int, ...]:
        return tuple(range(self.num_blocks))

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        blocks: list[ElasticBlock] = []
        channels = 3
        for stage in self.one.stages:
            layers, cut = stage.layers(side), len(stage.widths) - stage.fixed_layers
            parts = [(slice(0, cut), 1), *((slice(i, i + 1), self.modules) for i in range(cut, len(layers)))]
            for part, count in parts:
                widths = stage.widths[part]
                inner = [(width,) for width in widths[:-1]]
                alternatives = [
                    PlainBlock(channels, widths[-1], inner, layers[part], statistics, leading=bool(blocks))
                    for _ in range(count)
                ]
                blocks.append(RoutedBlock(alternatives, self.modules))
                channels, side = widths[-1], alternatives[0].side(side)
        return blocks


def routed(one: Backbone, modules: int) -> RoutedBackbone:
    """So many modules in place of every fully connected layer of a backbone. ConfigError where it has none."""
    if not isinstance(one, PlainBackbone) or not one.fixed_layers:
        raise ConfigError("expected a backbone with fully connected layers that have no levels, such as simple-convnet")
    return RoutedBackbone(one, modules)
