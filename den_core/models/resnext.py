"""ResNeXt-29 (c×64d): three stages of three blocks with c parallel branches, whose levels are numbers of branches.

The paper's widths are 64, 128 and 256, and a branch is as wide as its stage (the original ends in 1,024).
"""

from __future__ import annotations

from den_core.models.registry import register_backbone
from den_core.models.residual import branched_block
from den_core.models.staged import Stage, StagedBackbone


def resnext(branches: int, width: int, blocks: int, fractions: tuple[float, ...], scale: str) -> StagedBackbone:
    """`branches` × `width`d, with `blocks` blocks per stage; the stem gives `width` channels."""
    stages = (Stage(width, blocks, 1), Stage(2 * width, blocks, 2), Stage(4 * width, blocks, 2))
    return StagedBackbone(
        width, stages, branched_block, hidden_per_width=branches, grouped=True, level_fractions=fractions, scale=scale
    )


register_backbone("resnext-29-8x64", resnext(8, 64, 3, (0.0, 0.25, 0.5, 1.0), "paper"))
register_backbone("resnext-29-4x64", resnext(4, 64, 3, (0.0, 0.5, 1.0), "paper"))
register_backbone("resnext-29-2x64", resnext(2, 64, 3, (0.0, 0.5, 1.0), "paper"))
register_backbone("resnext-11-4x4", resnext(4, 4, 1, (0.0, 0.25, 0.5, 1.0), "tiny"))
