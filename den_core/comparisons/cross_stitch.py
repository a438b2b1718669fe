"""Cross-stitch networks (Misra et al., CVPR 2016), see `den_core.models.cross_stitch` for what is kept."""

from __future__ import annotations

import dataclasses

from den_core.comparisons.method import Method, in_full, one
from den_core.comparisons.plain import several
from den_core.config import Recipe
from den_core.recipes.baseline import always_full


def cross_stitch(base: Recipe) -> Recipe:
    """A network for every task side by side; every image runs through all of them, in full."""
    made = always_full(base)
    backbone = dataclasses.replace(made.network.backbone, networks=len(made.network.tasks))
    return dataclasses.replace(made, network=dataclasses.replace(made.network, backbone=backbone))


CROSS_STITCH = Method(
    title="Cross-stitch networks",
    source="Misra et al., CVPR 2016",
    recipes=one("cross-stitch", cross_stitch),
    policy=in_full,
    cannot=several,
)
