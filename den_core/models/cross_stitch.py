"""Cross-stitch networks (Misra et al., CVPR 2016): a network per task, mixed with the others after every stage.

Kept: networks of one shape side by side; after every stage each goes on with a learned combination of all of their
maps, one weight per pair, that starts at 0.9 of its own. An image runs through all of them and is answered by the head
of its task on its own network. Simplified: the stem of an image's task makes the map that all networks begin with.

The networks are one backbone of wider blocks, so that loop, accounting and evaluation are those of every other.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from den_core.models.chain import StaticChain
from den_core.models.containers import ModuleListOf
from den_core.models.derived import DerivedBackbone
from den_core.models.elastic import ElasticBlock
from den_core.models.stems import Head, PartHead

OWN = 0.9
"What a network takes of its own maps at the start; the others share the rest."


def mixed(parts: Sequence[Tensor], mixing: Tensor) -> Tensor:
    """Maps (B, C, H, W) of T networks under weights (T, T), row by row: (B, T · C, H, W)."""
    rows = [[weight.to(parts[0].dtype) for weight in row] for row in mixing]
    return torch.cat([torch.stack([w * y for w, y in zip(row, parts, strict=True)]).sum(0) for row in rows], 1)


class StitchedBlock(ElasticBlock):
    """The same block of several networks, and the cross-stitch unit behind it where it ends a stage.

    Args:
        sides: one per network.
        first: whether its input is the one map that all networks begin with.
        last: whether it ends a stage.
    """

    def __init__(self, sides: Sequence[ElasticBlock], first: bool, last: bool):
        one, count = sides[0], len(sides)
        super().__init__((1 if first else count) * one.in_channels, count * one.out_channels, one.hidden)
        self.sides, self.first = ModuleListOf(sides), first
        start = torch.full((count, count), (1 - OWN) / max(1, count - 1)).fill_diagonal_(OWN if count > 1 else 1.0)
        self.mixing = nn.Parameter(start) if last else None

    def parts(self, x: Tensor) -> list[Tensor]:
        """What every network takes of the input."""
        count = len(self.sides)
        return [x] * count if self.first else list(x.chunk(count, 1))

    def joined(self, parts: Sequence[Tensor]) -> Tensor:
        """What the networks give, mixed at the end of a stage."""
        return torch.cat(list(parts), 1) if self.mixing is None else mixed(parts, self.mixing)

    def apart(self) -> StitchedBlock:
        return copy.deepcopy(self)

    def shortcut(self, x: Tensor) -> Tensor:
        return self.joined([side.shortcut(part) for side, part in zip(self.sides, self.parts(x), strict=True)])

    def branch(self, x: Tensor, level: int) -> Tensor:
        return self.joined([side.branch(part, level) for side, part in zip(self.sides, self.parts(x), strict=True)])

    def branch_mixed(self, x: Tensor, levels: Tensor) -> Tensor:
        parts = zip(self.sides, self.parts(x), strict=True)
        return self.joined([side.branch_mixed(part, levels) for side, part in parts])

    def static_branch(self, level: int) -> StaticStitched | None:
        return StaticStitched(self, level) if self.hidden[level] else None

    def count(self, level: int, side: int) -> tuple[int, int]:
        macs, params = (sum(part) for part in zip(*(one.count(level, side) for one in self.sides), strict=True))
        if self.mixing is None:
            return macs, params
        pairs = self.mixing.numel()
        return macs + pairs * self.sides[0].out_channels * self.side(side) ** 2, params + pairs

    def side(self, side: int) -> int:
        return self.sides[0].side(side)


class StaticStitched(nn.Module):
    """One level of a stitched block as a plain module: what it adds to the shortcut.

    Args:
        block: apart from others; its mixing weights are not copied again.
    """

    def __init__(self, block: StitchedBlock, level: int):
        super().__init__()
        found = [side.static_branch(level) for side in block.sides]
        self.branches = ModuleListOf(branch for branch in found if isinstance(branch, StaticChain))
        self.parts, self.joined = block.parts, block.joined

    def forward(self, x: Tensor) -> Tensor:
        return self.joined([branch(part) for branch, part in zip(self.branches, self.parts(x), strict=True)])

    def add_to(self, y: Tensor, x: Tensor) -> None:
        """y += the residual of x; y may be x."""
        y += self(x)


@dataclass(frozen=True)
class StitchedBackbone(DerivedBackbone):
    """Several networks of one backbone, joined by cross-stitch units."""

    networks: int

    @property
    def out_channels(self) -> int:
        return self.networks * self.one.out_channels

    def head(self, place: int, classes: int) -> Head:
        width = self.one.out_channels
        return PartHead(slice(place * width, (place + 1) * width), classes)

    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        networks = [self.one.blocks(fractions, statistics, side) for _ in range(self.networks)]
        return [
            StitchedBlock(sides, first=place == 0, last=place in self.stage_ends)
            for place, sides in enumerate(zip(*networks, strict=True))
        ]
