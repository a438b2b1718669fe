"""Wide residual networks WRN-l-k: three stages of (l - 2) / 6 blocks of widths 16k, 32k and 64k."""

from __future__ import annotations

from den_core.models.blocks import BasicBlock
from den_core.models.registry import BackboneSpec, StageSpec, register_backbone


def wide_resnet(depth: int, k: int, scale: str) -> BackboneSpec:
    """WRN-depth-k; the stem gives 16 channels, and depth is 6 blocks-per-stage + 2."""
    blocks = (depth - 2) // 6
    stages = (StageSpec(16 * k, blocks, 1), StageSpec(32 * k, blocks, 2), StageSpec(64 * k, blocks, 2))
    return BackboneSpec(stem_channels=16, stages=stages, make_block=BasicBlock, scale=scale)


for _depth, _k, _scale in ((32, 4, "paper"), (20, 2, "laptop"), (14, 2, "laptop"), (14, 1, "laptop"), (8, 1, "tiny")):
    register_backbone(f"wrn-{_depth}-{_k}", wide_resnet(_depth, _k, _scale))
