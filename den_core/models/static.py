"""The networks as inference runs them: norms folded, weights contiguous per level, only the chosen work done.

A static network is a copy: it does not follow the network it was made from. Per block, the images of one level go
through that level's convolutions together; an image that skips the block costs nothing; a batch whose images all
agree, such as one image, is not gathered at all.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from den_core.models.chain import StaticChain
from den_core.models.containers import ModuleDictOf, ModuleListOf
from den_core.models.cross_stitch import StaticStitched
from den_core.models.dispatch import Runs, plan_dispatch, reorder_images
from den_core.models.elastic import ElasticBlock
from den_core.models.estimator import Estimator
from den_core.models.fused import FusedChain, can_fuse
from den_core.models.selector import Selector, look
from den_core.models.stems import StaticHead, Stem, static_stem
from den_core.structures import check_structure

PART = 64
"""Images of a large batch that run together on a CPU, where maps that stay in its caches count for more than few calls:
in parts, 256 images take 0.86 of the time and a quarter of the memory (`assets/benchmarks`)."""


def part_size(device: torch.device) -> int:
    """How many images run together there at most."""
    return PART if device.type == "cpu" else sys.maxsize


Branch = StaticChain | StaticStitched | FusedChain
"What a static block adds to its shortcut at one level."


class StaticBlock(nn.Module):
    """One block with all its levels as plain modules.

    Args:
        block: the trained block; its weights are copied.
    """

    def __init__(self, block: ElasticBlock):
        super().__init__()
        own = block.apart()
        branches = {str(level): own.static_branch(level) for level in range(own.num_levels)}
        plain = {k: branch for k, branch in branches.items() if isinstance(branch, StaticChain | StaticStitched)}
        self.branches: ModuleDictOf[StaticChain | StaticStitched] | dict[str, FusedChain] = ModuleDictOf(plain)
        self.shortcut, self.join, self.keeps, self.side = own.shortcut, own.join, own.keeps, own.side
        if (projection := own.static_shortcut()) is not None:
            self.projection = projection
            self.shortcut, self.join = projection.forward, self._join_projected

    def forward(self, x: Tensor, runs: Runs) -> Tensor:
        """Run images of which so many in a row have a level. May write into x, which the caller owns."""
        if self.keeps:
            for part, branch in self._parts(x, runs):
                # no other run reads the images that are written to
                branch.add_to(part, part)
            return x
        if len(runs) == 1:
            only = self._branch(runs[0][0])
            return self.shortcut(x) if only is None else self.join(only(x), x)
        y = self.shortcut(x)
        for (part, branch), (into, _) in zip(self._parts(x, runs), self._parts(y, runs), strict=True):
            branch.add_to(into, part)
        return y

    def at(self, level: int, x: Tensor) -> Tensor:
        """All images at one level, in memory of their own."""
        branch = self._branch(level)
        return self.shortcut(x).clone() if branch is None else self.shortcut(x) + branch(x)

    def _join_projected(self, y: Tensor, x: Tensor) -> Tensor:
        return y.add_(self.projection(x))

    def _parts(self, x: Tensor, runs: Runs) -> Iterator[tuple[Tensor, Branch]]:
        """The images of every run that does not skip the block, and what runs them."""
        if len(runs) == 1:
            parts: Sequence[Tensor] = (x,)
        else:
            parts = x.split([images for _, images in runs])
        for (level, _), part in zip(runs, parts, strict=True):
            if (branch := self._branch(level)) is not None:
                yield part, branch

    def fuse(self, side: int) -> None:
        """From now on run in fewer passes where this machine can; the number type and the device are settled by that.

        Args:
            side: pixels along the side of its input.
        """
        plain = {level: branch for level, branch in self.branches.items() if isinstance(branch, StaticChain)}
        if plain and all(can_fuse(branch.weight(0)) for branch in plain.values()):
            del self.branches  # the fused chains have copies of all weights
            self.branches = {level: FusedChain(branch, side) for level, branch in plain.items()}

    def _branch(self, level: int) -> Branch | None:
        return self.branches[str(level)] if str(level) in self.branches else None


def fuse_blocks(blocks: Iterable[StaticBlock], side: int) -> None:
    """`StaticBlock.fuse` for blocks that follow each other.

    Args:
        side: pixels along the side of the first one's input.
    """
    for block in blocks:
        block.fuse(side)
        side = block.side(side)


class StaticEstimator(nn.Module):
    """The estimator for inference: any structure for any image, in evaluation mode.

    Computes in the number type of its weights: `.bfloat16()` makes the fast form that the selector is trained on.
    """

    def __init__(self, estimator: Estimator):
        super().__init__()
        self.num_levels = estimator.num_levels
        self.stems, self.image_tasks = _static_stems(estimator.stems), estimator.image_tasks
        self.blocks = ModuleListOf(StaticBlock(block) for block in estimator.blocks)
        self.heads = ModuleDictOf({task: StaticHead(head) for task, head in estimator.heads.items()})
        self.map_side = estimator.map_side
        _finish(self)

    def fuse(self) -> StaticEstimator:
        """Run in fewer passes where this machine can. Call it last: it can be moved or cast no more."""
        fuse_blocks(self.blocks, self.map_side)
        return self

    def forward(self, x: Tensor, z: Tensor, task: str) -> Tensor:
        """(B, 3, size, size), (B, n) -> logits (B, classes).

        Raises:
            StructureError: z has another shape or a level out of range.
        """
        return self._in_parts(lambda x, z: self.heads[task](self.run_blocks(self.stem(x, task), z)), x, z).float()

    def features(self, x: Tensor, z: Tensor, task: str) -> Tensor:
        """(B, 3, size, size), (B, n) -> what the head's linear layer sees, (B, D), not negative."""
        head = self.heads[task]
        return self._in_parts(lambda x, z: head.features(self.run_blocks(self.stem(x, task), z)), x, z).float()

    def _in_parts(self, run: Callable[[Tensor, Tensor], Tensor], x: Tensor, z: Tensor) -> Tensor:
        """Run a large batch in parts of images with structures as alike as can be: `part_size` images each."""
        size = part_size(x.device)
        if len(x) <= size:
            return run(x, z)
        order = torch.from_numpy(np.lexsort(z.cpu().numpy().T[::-1])).to(x.device)
        parts = [run(x.index_select(0, part), z.index_select(0, part)) for part in order.split(size)]
        return torch.cat(parts).index_select(0, order.argsort())

    def stem(self, x: Tensor, task: str) -> Tensor:
        """(B, 3, size, size) -> (B, C, 32, 32), channels last."""
        return _run_stem(self.stems[self.image_tasks[task]], x, self.heads[task].linear.weight.dtype)

    def run_blocks(self, x: Tensor, z: Tensor) -> Tensor:
        """The shared blocks on stem maps, which they may overwrite."""
        check_structure(z, len(self.blocks), self.num_levels)
        plan = plan_dispatch(z)
        for block, step in zip(self.blocks, plan.blocks, strict=True):
            x = block(reorder_images(x, step.reorder), step.runs)
        return reorder_images(x, plan.restore)


class Look(NamedTuple):
    """What the selector says of B images in inference.

    Args:
        distribution: C, (B, n, h).
        class_logits: of the auxiliary head, (B, K); None without one.
    """

    distribution: Tensor
    class_logits: Tensor | None


class StaticSelector(nn.Module):
    """The selector for inference: images of one task -> C."""

    def __init__(self, selector: Selector):
        super().__init__()
        self.shape = (-1, selector.num_blocks, selector.num_levels)
        self.stems, self.image_tasks = _static_stems(selector.stems), selector.image_tasks
        self.blocks = ModuleListOf(StaticBlock(block) for block in selector.blocks)
        self.map_side = selector.map_side
        self.head = StaticHead(selector.head)
        self.critic = copy.deepcopy(selector.critic) if selector.temperature else None
        self.classifiers, self.mix = copy.deepcopy(selector.classifiers), copy.deepcopy(selector.mix)
        self.temperature = selector.temperature
        _finish(self)

    def fuse(self) -> StaticSelector:
        """As `StaticEstimator.fuse`."""
        fuse_blocks(self.blocks, self.map_side)
        return self

    def forward(self, x: Tensor, task: str) -> Tensor:
        """(B, 3, size, size) -> C, (B, n, h)."""
        return self.look(x, task).distribution

    def look(self, x: Tensor, task: str) -> Look:
        """(B, 3, size, size) -> C, and what the auxiliary head answers."""
        if len(x) <= part_size(x.device):
            return self._look(x, task)
        C, class_logits = zip(*(self._look(part, task) for part in x.split(part_size(x.device))), strict=True)
        return Look(torch.cat(C), None if self.classifiers is None else torch.cat(class_logits))

    def _look(self, x: Tensor, task: str) -> Look:
        task = self.image_tasks[task]
        x = _run_stem(self.stems[task], x, self.head.linear.weight.dtype)
        for block in self.blocks:
            x = block(x, [(0, len(x))])
        features, class_logits = look(self, self.head.features(x), task)
        logits = self.head.linear(features).float().reshape(self.shape)
        if self.critic is not None:
            # q's mean over levels, which the critic leaves out, would cancel in the softmax
            q = self.critic(features)[:, :-1].float().reshape(self.shape)
            logits = logits - q / self.temperature
        return Look(logits.softmax(-1), class_logits)


class ExtractedNetwork(nn.Module):
    """One structure of one task as a plain network: stem, the blocks that are not skipped, head.

    Args:
        estimator: the trained estimator; its weights are copied.
        z: the structure, (n,).
        task: whose stem and head to take.
    """

    def __init__(self, estimator: Estimator, z: Tensor, task: str):
        super().__init__()
        check_structure(z[None], estimator.num_blocks, estimator.num_levels)
        self.stem = static_stem(estimator.stems[estimator.image_tasks[task]])
        self.blocks = nn.ModuleList(_FixedBlock(b, int(level)) for b, level in zip(estimator.blocks, z, strict=True))
        self.head = StaticHead(estimator.heads[task])
        _finish(self)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, size, size) -> logits (B, classes)."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class _FixedBlock(nn.Module):
    """A block at one level."""

    def __init__(self, block: ElasticBlock, level: int):
        super().__init__()
        own = block.apart()
        self.branch, self.projection = own.static_branch(level), own.static_shortcut()
        self.plain_shortcut = own.shortcut

    def forward(self, x: Tensor) -> Tensor:
        kept = self.plain_shortcut(x) if self.projection is None else self.projection(x)
        return kept if self.branch is None else kept + self.branch(x)


def _static_stems(stems: ModuleDictOf[Stem]) -> ModuleDictOf[nn.Module]:
    return ModuleDictOf({task: static_stem(stem) for task, stem in stems.items()})


def _run_stem(stem: nn.Module, x: Tensor, dtype: torch.dtype) -> Tensor:
    """Images in the number type of the weights and channels last, in which the blocks then go on."""
    return stem(x.to(dtype, memory_format=torch.channels_last))


def _finish(module: nn.Module) -> None:
    module.eval().requires_grad_(False)
    module.to(memory_format=torch.channels_last)
