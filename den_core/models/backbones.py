"""The backbone that a configuration means: one of the registry, in its width, and as many side by side as it says."""

from __future__ import annotations

from den_core.config import BackboneConfig
from den_core.models.cross_stitch import stitched
from den_core.models.registry import Backbone, find_backbone


def backbone_of(config: BackboneConfig) -> Backbone:
    """ConfigError as `find_backbone`."""
    found = find_backbone(config.name).scaled(config.width)
    return found if config.networks == 1 else stitched(found, config.networks)
