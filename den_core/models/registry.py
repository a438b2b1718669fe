"""Backbones by name. A new family is one file that calls `register_backbone`, and one line in `_FAMILIES`."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence

from den_core.config import TaskConfig
from den_core.errors import ConfigError, unknown
from den_core.models.elastic import ElasticBlock
from den_core.models.stems import Head, Stem

SELECTOR_FRACTION = 0.25
"Hidden width of the selector's blocks, relative to the estimator's of the same stage."


class Backbone(ABC):
    """What a network is built from: stems per task, shared elastic blocks, and the selector's smaller ones.

    A family is a subclass, usually one of two: `StagedBackbone` with shortcuts, `PlainBackbone` without.
    """

    scale: str
    '"paper" for the paper\'s sizes, "laptop" for smaller members, "pretrained" for others\' weights, "tiny" for tests.'
    any_side: bool = False
    "Whether its blocks run maps of any size, so that tasks may differ in it; MACs are then as the number of pixels."
    level_fractions: tuple[float, ...]
    "The paper's levels: shares of a block's hidden channels."

    @property
    @abstractmethod
    def num_blocks(self) -> int: ...

    @property
    @abstractmethod
    def out_channels(self) -> int:
        """Channels that the last block gives to the heads."""

    @abstractmethod
    def scaled(self, width: float) -> Backbone:
        """The same with `width` times the channels in all blocks, see `scaled_channels`."""

    @abstractmethod
    def stem(self, task: TaskConfig) -> Stem:
        """A new stem for a task. ConfigError if its image size does not fit."""

    def selector_stem(self, task: TaskConfig) -> Stem:
        """A new stem of the selector's; as the estimator's if a family does not say otherwise."""
        return self.stem(task)

    def head(self, place: int, classes: int) -> Head:
        """A new head.

        Args:
            place: of its task among the network's, from 0.
            classes: of the task.
        """
        return Head(self.out_channels, classes)

    @property
    @abstractmethod
    def stage_ends(self) -> tuple[int, ...]:
        """Places of the blocks after which the resolution falls, and of the last one."""

    @abstractmethod
    def blocks(self, fractions: Sequence[float], statistics: str, side: int) -> list[ElasticBlock]:
        """New blocks, first to last.

        Args:
            fractions: share of the hidden channels at every level, rising.
            statistics: of the norms, "per_level" or "shared".
            side: pixels along the side of the maps that the stems give.

        Raises:
            ConfigError: two levels come out equal, or one without channels that this family cannot skip.
        """

    @abstractmethod
    def selector_blocks(self, side: int) -> list[ElasticBlock]:
        """One new block per stage with a single level, of SELECTOR_FRACTION."""


def hidden_channels(fractions: Sequence[float], full: int, group: int = 1) -> tuple[int, ...]:
    """Channels of every level, in whole groups. ConfigError if two levels come out equal."""
    channels = tuple(group * round(fraction * full / group) for fraction in fractions)
    if len(set(channels)) < len(channels):
        raise ConfigError(
            f"expected levels that differ, found {list(channels)} of {full} hidden channels in groups of {group} "
            f"for the fractions {list(fractions)}; leave out some"
        )
    return channels


def scaled_channels(channels: int, width: float) -> int:
    """`width` times the channels; at least four, so that a quarter of them is one."""
    return max(4, round(channels * width))


_FAMILIES = ("wide_resnet", "resnet", "resnext", "vgg", "simple_convnet", "mobile", "torch_resnet")
"Files of this package that register backbones."
_BACKBONES: dict[str, Backbone] = {}


def register_backbone(name: str, backbone: Backbone) -> None:
    """Make a backbone known under a name. ConfigError if the name is taken by another one."""
    if _BACKBONES.get(name, backbone) != backbone:
        raise ConfigError(f"expected a new backbone name, found {name!r}, which is registered already")
    _BACKBONES[name] = backbone


def find_backbone(name: str) -> Backbone:
    """The backbone of that name. ConfigError with similar names, or all that there are."""
    _import_families()
    if name not in _BACKBONES:
        raise ConfigError(unknown("backbones", name, _BACKBONES))
    return _BACKBONES[name]


def list_backbones(scale: str | None = None) -> list[str]:
    """Names of all backbones, or of those of one scale, sorted."""
    _import_families()
    return sorted(name for name, backbone in _BACKBONES.items() if scale in (None, backbone.scale))


def _import_families() -> None:
    for family in _FAMILIES:
        importlib.import_module(f"den_core.models.{family}")
