"""What belongs to one task: its stem, which brings its images to the maps of the shared blocks, and its head."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from den_core.config import TaskConfig
from den_core.errors import ConfigError
from den_core.models.chain import ElasticChain, Layer, StaticChain
from den_core.models.containers import ModuleDictOf

MAP_SIDE = 32
"Pixels along the side of the maps that a `ConvStem` makes."


def check_multiple(task: TaskConfig, side: int) -> None:
    """ConfigError where the size of a task's images is no multiple of so many pixels; it names the nearest."""
    if task.size % side:
        raise ConfigError(
            f"task {task.name}: expected a size that is a multiple of {side}, found {task.size}; "
            f"take {max(side, round(task.size / side) * side)}"
        )


class ConvStem(nn.Conv2d):
    """A 7×7 convolution with stride = image side ÷ 32: (B, 3, size, size) -> (B, channels, 32, 32)."""

    side = MAP_SIDE

    def __init__(self, task: TaskConfig, channels: int):
        check_multiple(task, MAP_SIDE)
        super().__init__(3, channels, 7, stride=task.size // MAP_SIDE, padding=3, bias=False)

    def count(self) -> tuple[int, int]:
        """(MACs, parameters) for one image."""
        return self.weight.numel() * MAP_SIDE**2, self.weight.numel()


class ImageStem(nn.Identity):
    """The image itself: (B, 3, size, size)."""

    def __init__(self, task: TaskConfig):
        super().__init__()
        self.side = task.size

    def count(self) -> tuple[int, int]:
        """(MACs, parameters) for one image: none."""
        return 0, 0


class Shrink(nn.Module):
    """Images scaled down: (B, 3, given, given) -> (B, 3, size, size); as they are where they have that size."""

    def __init__(self, given: int, size: int):
        super().__init__()
        self.given, self.size = given, size

    def forward(self, x: Tensor) -> Tensor:
        if self.given == self.size:
            return x
        return F.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)


class ChainStem(nn.Module):
    """Layers without levels: (B, 3, size, size) -> (B, channels, side, side).

    Args:
        chain: with one level.
        size: pixels along the side of what the layers see; larger images are scaled down to it.
        pooled: whether a ReLU and an overlapping max-pooling, 3×3 with stride 2, follow.
    """

    def __init__(self, task: TaskConfig, chain: ElasticChain, size: int, pooled: bool = False):
        super().__init__()
        self.chain, self.shrink, self.size = chain, Shrink(task.size, size), size
        self.pool = nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2, 1)) if pooled else nn.Identity()
        side = chain.side(size)
        self.side = (side + 1) // 2 if pooled else side

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.chain.branch(self.shrink(x), 0))

    def count(self) -> tuple[int, int]:
        """(MACs, parameters) for one image."""
        return self.chain.count(0, self.size)


Stem = ConvStem | ImageStem | ChainStem
"Has `side`, pixels along the side of its maps, and `count`."


def static_stem(stem: Stem) -> nn.Module:
    """A copy for evaluation, norms folded."""
    if not isinstance(stem, ChainStem):
        return copy.deepcopy(stem)
    return nn.Sequential(stem.shrink, StaticChain(stem.chain, 0), stem.pool)


class Head(nn.Module):
    """norm – ReLU – global average – linear: (B, C, H, W) -> (B, classes); some have no norm.

    Args:
        ceiling: largest value that the activation lets through, 6 for a ReLU6; 0 for any.
        eps: of the norm.
        normed: whether there is one.
    """

    def __init__(self, channels: int, outputs: int, ceiling: float = 0.0, eps: float = 1e-5, normed: bool = True):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps) if normed else None
        self.linear = nn.Linear(channels, outputs)
        self.activate = Layer(1, ceiling=ceiling).activate

    def features(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C)."""
        x = self.taken(x)
        return self.activate(x if self.norm is None else self.norm(x)).mean((2, 3))

    def taken(self, x: Tensor) -> Tensor:
        """What it reads of the maps."""
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))

    def count(self) -> tuple[int, int]:
        """(MACs, parameters) for one image."""
        params = sum(p.numel() for p in self.parameters())
        return self.linear.weight.numel(), params


class PartHead(Head):
    """A head that reads some of the channels."""

    def __init__(self, part: slice, outputs: int):
        super().__init__(part.stop - part.start, outputs)
        self.part = part

    def taken(self, x: Tensor) -> Tensor:
        return x[:, self.part]


class StaticHead(nn.Module):
    """A head for evaluation: its norm, if any, as one scale and shift per channel.

    Args:
        head: the trained head; its weights are copied.
    """

    def __init__(self, head: Head):
        super().__init__()
        norm = head.norm
        self.scale = self.shift = None
        if norm is not None:
            assert norm.running_mean is not None and norm.running_var is not None  # as Head makes it
            scale = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
            shift = norm.bias.detach() - norm.running_mean * scale
            self.scale, self.shift = (nn.Parameter(part[:, None, None].clone()) for part in (scale, shift))
        self.linear, self.taken, self.activate = copy.deepcopy(head.linear), head.taken, head.activate

    def features(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C)."""
        x = self.taken(x)
        if self.scale is not None and self.shift is not None:
            return self.activate(torch.addcmul(self.shift, x, self.scale), inplace=True).mean((2, 3))
        return self.activate(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.features(x))


def make_stems(
    tasks: Iterable[TaskConfig], make_stem: Callable[[TaskConfig], Stem], any_side: bool = False
) -> tuple[ModuleDictOf[Stem], int]:
    """A stem for every task with images of its own, and the largest side that the sides of all maps are multiples of.

    Args:
        any_side: whether maps may differ in size.

    Raises:
        ConfigError: they do, and may not.
    """
    stems = {task.name: make_stem(task) for task in tasks if not task.image_of}
    sides = {name: stem.side for name, stem in stems.items()}
    if len(set(sides.values())) > 1 and not any_side:
        found = ", ".join(f"{name} {side}" for name, side in sides.items())
        raise ConfigError(f"expected tasks of one size for a backbone without stems, found {found}")
    return ModuleDictOf(stems), math.gcd(*sides.values())


def run_together(maps: Mapping[str, Tensor], run: Callable[[Sequence[str], Tensor], Tensor]) -> dict[str, Tensor]:
    """Run maps by task, (B_t, C, H, W), in one batch where they have one size.

    Args:
        run: (tasks of a batch, their maps one after the other) -> a row per image.

    Returns:
        By task, in the order of the maps.
    """
    groups: dict[int, list[str]] = {}
    for task, x in maps.items():
        groups.setdefault(x.shape[2], []).append(task)
    found: dict[str, Tensor] = {}
    for tasks in groups.values():
        rows = run(tasks, torch.cat([maps[task] for task in tasks]))
        found |= zip(tasks, rows.split([len(maps[task]) for task in tasks]), strict=True)
    return {task: found[task] for task in maps}


def xavier_start(module: nn.Module) -> None:
    """Xavier's uniform start for every convolution and linear layer, zero biases (the paper's start)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
