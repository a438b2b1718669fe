"""Residual networks of four stages: ResNet-42 of basic blocks, ResNet-50 of bottlenecks."""

from __future__ import annotations

from den_core.models.registry import register_backbone
from den_core.models.residual import basic_block, bottleneck_block
from den_core.models.staged import Stage, StagedBackbone


def basic_resnet(blocks: int, width: int, scale: str) -> StagedBackbone:
    """8 · blocks + 2 layers; widths double from stage to stage, and the stem gives the first."""
    stages = tuple(Stage(width << i, blocks, 1 if i == 0 else 2) for i in range(4))
    return StagedBackbone(stem_channels=width, stages=stages, make_block=basic_block, scale=scale)


def bottleneck_resnet(blocks: tuple[int, ...], width: int, scale: str) -> StagedBackbone:
    """Blocks give four times the channels that they have inside; the shortcuts stay without parameters."""
    stages = tuple(Stage(4 * width << i, count, 1 if i == 0 else 2) for i, count in enumerate(blocks))
    return StagedBackbone(width, stages, bottleneck_block, hidden_per_width=0.25, scale=scale)


register_backbone("resnet-42", basic_resnet(5, 64, "paper"))
register_backbone("resnet-50", bottleneck_resnet((3, 4, 6, 3), 64, "paper"))
register_backbone("resnet-10-narrow", basic_resnet(1, 8, "tiny"))
register_backbone("resnet-14-narrow", bottleneck_resnet((1, 1, 1, 1), 4, "tiny"))
