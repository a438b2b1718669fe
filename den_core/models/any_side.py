"""Families for pretrained weights: fully convolutional, so that every task's images keep a size of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from den_core.config import TaskConfig
from den_core.models.staged import InStages
from den_core.models.stems import ChainStem, check_multiple

REDUCTION = 32
"Pixels of an image's side for one of the last maps."
SELECTOR_SIDE = 64
"Pixels along the side of what the selector sees at most."


def fractions_without_skipping(fractions: Sequence[float]) -> tuple[float, ...]:
    """Levels of a block that cannot be skipped: half of the next level's channels in place of none."""
    return (fractions[1] / 2, *fractions[1:]) if fractions[0] == 0 else tuple(fractions)


class AnySide(InStages):
    """Stems see images of any multiple of REDUCTION; the selector's see all tasks' at one size, if they are large."""

    any_side = True

    def stem(self, task: TaskConfig) -> ChainStem:
        check_multiple(task, REDUCTION)
        return self.stem_of(task, task.size)

    def selector_stem(self, task: TaskConfig) -> ChainStem:
        check_multiple(task, REDUCTION)
        return self.stem_of(task, min(task.size, SELECTOR_SIDE))

    @abstractmethod
    def stem_of(self, task: TaskConfig, size: int) -> ChainStem:
        """A new stem, whose layers see images of so many pixels a side."""
