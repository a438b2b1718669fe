"""Wide residual networks WRN-l-k: three stages of (l - 2) / 6 blocks of widths 16k, 32k and 64k."""

from __future__ import annotations

from den_core.models.registry import register_backbone
from den_core.models.residual import basic_block
from den_core.models.staged import Stage, StagedBackbone


def wide_resnet(depth: int, k: int, scale: str) -> StagedBackbone:
    """WRN-depth-k; the stem gives 16 channels, and depth is 6 blocks-per-stage + 2."""
    blocks = (depth - 2) // 6
    stages = (Stage(16 * k, blocks, 1), Stage(32 * k, blocks, 2), Stage(64 * k, blocks, 2))
    return StagedBackbone(stem_channels=16, stages=stages, make_block=basic_block, scale=scale)


for _depth, _k, _scale in ((32, 4, "paper"), (20, 2, "laptop"), (14, 2, "laptop"), (14, 1, "laptop"), (8, 1, "tiny")):
    register_backbone(f"wrn-{_depth}-{_k}", wide_resnet(_depth, _k, _scale))
