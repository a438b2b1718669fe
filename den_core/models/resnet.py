"""Residual networks of four stages: ResNet-42 has five basic blocks in each, of widths 64 to 512."""

from __future__ import annotations

from den_core.models.registry import register_backbone
from den_core.models.residual import basic_block
from den_core.models.staged import Stage, StagedBackbone


def resnet(blocks: int, width: int, scale: str) -> StagedBackbone:
    """8 blocks + 2 layers deep; widths double from stage to stage, and the stem gives the first."""
    stages = tuple(Stage(width << i, blocks, 1 if i == 0 else 2) for i in range(4))
    return StagedBackbone(stem_channels=width, stages=stages, make_block=basic_block, scale=scale)


register_backbone("resnet-42", resnet(5, 64, "paper"))
register_backbone("resnet-10-narrow", resnet(1, 8, "tiny"))
