"""Backbones by name. A new backbone is one file that calls `register_backbone` and one line in `_FAMILIES`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from den_core.errors import ConfigError
from den_core.models.elastic import ElasticBlock


@dataclass(frozen=True)
class StageSpec:
    """A resolution stage: `blocks` blocks of `width` output channels, the first one with `stride`."""

    width: int
    blocks: int
    stride: int


@dataclass(frozen=True)
class BackboneSpec:
    """A backbone as data.

    Args:
        stem_channels: channels that every task's stem gives to the first block.
        stages: resolution stages, first to last.
        make_block: (in_channels, out_channels, hidden per level, stride, norm_statistics) -> block.
        scale: "paper" for the paper's sizes, "laptop" for smaller members, "tiny" for tests.
    """

    stem_channels: int
    stages: tuple[StageSpec, ...]
    make_block: Callable[..., ElasticBlock]
    scale: str = "paper"

    @property
    def num_blocks(self) -> int:
        return sum(stage.blocks for stage in self.stages)

    @property
    def out_channels(self) -> int:
        return self.stages[-1].width


_FAMILIES = ("den_core.models.wide_resnet",)
_BACKBONES: dict[str, BackboneSpec] = {}


def register_backbone(name: str, spec: BackboneSpec) -> None:
    """Make a backbone known under a name. ConfigError if the name is taken by another one."""
    if name in _BACKBONES and _BACKBONES[name] != spec:
        raise ConfigError(f"expected a new backbone name, found {name!r}, which is registered already")
    _BACKBONES[name] = spec


def backbone_spec(name: str) -> BackboneSpec:
    """The backbone of that name. ConfigError with the names there are."""
    _import_families()
    if name not in _BACKBONES:
        raise ConfigError(f"expected one of the backbones {', '.join(sorted(_BACKBONES))}, found {name!r}")
    return _BACKBONES[name]


def list_backbones(scale: str | None = None) -> list[str]:
    """Names of all backbones, or of those of one scale, sorted."""
    _import_families()
    return sorted(name for name, spec in _BACKBONES.items() if scale in (None, spec.scale))


def _import_families() -> None:
    for family in _FAMILIES:
        importlib.import_module(family)
