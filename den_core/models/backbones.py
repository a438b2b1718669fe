"""The backbone that a configuration means: one of the registry, in its width, side by side or routed as it says."""

from __future__ import annotations

from den_core.config import BackboneConfig
from den_core.models.cross_stitch import StitchedBackbone
from den_core.models.registry import Backbone, find_backbone
from den_core.models.routed import routed


def backbone_of(config: BackboneConfig) -> Backbone:
    """ConfigError as `find_backbone` and `routed`."""
    found = find_backbone(config.name).scaled(config.width)
    if config.modules > 1:
        return routed(found, config.modules)
    return found if config.networks == 1 else StitchedBackbone(found, config.networks)
