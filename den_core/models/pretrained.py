"""Weights that others have trained, by the names that timm and torchvision give them.

What is copied: stems (a copy for every task), blocks in full, and the norm of every head; the classes of a task are its
own, so that its linear layer starts anew. Running statistics of lower levels are those of the full one until they are
set anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from den_core.errors import CheckpointError, ConfigError, unknown
from den_core.models.estimator import Estimator
from den_core.models.mobile import MobileBackbone
from den_core.models.registry import find_backbone

Names = Iterator[tuple[str, str]]
"Pairs of our name of a layer and theirs; {task} in ours stands for every task."


def timm_names(backbone: MobileBackbone) -> Names:
    """As timm's EfficientNet has them: stages of blocks, the first of which is part of our stem."""
    yield from _chain("stems.{task}.chain", "conv_stem", "bn1", *_timm_block("blocks.0.0", "conv_dw bn1 conv_pw bn2"))
    block = 0
    for place, stage in enumerate(backbone.stages, start=1):
        for i in range(stage.blocks):
            theirs = _timm_block(f"blocks.{place}.{i}", "conv_pw bn1 conv_dw bn2 conv_pwl bn3")
            yield from _chain(f"blocks.{block}", *theirs)
            block += 1
    yield f"blocks.{block - 1}.conv4", "conv_head"
    yield "heads.{task}.norm", "bn2"


def torchvision_names(backbone: MobileBackbone) -> Names:
    """As torchvision's MobileNetV2 has them: one list of blocks, the first two of which are our stem."""
    stem = ("0.0", "0.1", "1.conv.0.0", "1.conv.0.1", "1.conv.1", "1.conv.2")
    yield from _chain("stems.{task}.chain", *(f"features.{name}" for name in stem))
    parts = ("0.0", "0.1", "1.0", "1.1", "2", "3")
    for block in range(backbone.num_blocks):
        yield from _chain(f"blocks.{block}", *(f"features.{block + 2}.conv.{name}" for name in parts))
    last = backbone.num_blocks + 2
    yield f"blocks.{backbone.num_blocks - 1}.conv4", f"features.{last}.0"
    yield "heads.{task}.norm", f"features.{last}.1"


def _timm_block(prefix: str, names: str) -> list[str]:
    return [f"{prefix}.{name}" for name in names.split()]


def _chain(ours: str, *theirs: str) -> Names:
    """Convolutions and the norms behind them, alternating, first to last."""
    for i, name in enumerate(theirs):
        yield f"{ours}.{'norm' if i % 2 else 'conv'}{(i + 1) // 2 + 1}", name


LIBRARIES = {"timm": timm_names, "torchvision": torchvision_names}
"How the layers of mobile backbones are called, by library."
NORM = ("weight", "bias", "running_mean", "running_var")


def load_pretrained(estimator: Estimator, backbone: str, state: Mapping[str, Tensor], library: str) -> None:
    """Copy weights into an estimator.

    Args:
        backbone: of the registry; the estimator's.
        state: by the names that the library gives them.
        library: of LIBRARIES.

    Raises:
        ConfigError: no such library, or a backbone that no library has weights for.
        CheckpointError: a tensor is missing or has another shape; the first one is named. Nothing is copied then.
    """
    family = find_backbone(backbone)
    if library not in LIBRARIES:
        raise ConfigError(unknown("libraries", library, LIBRARIES))
    if not isinstance(family, MobileBackbone):
        raise ConfigError(f"expected a backbone that {library} has too, such as efficientnet-lite0, found {backbone}")
    own, copied = estimator.state_dict(), {}
    for ours, theirs in LIBRARIES[library](family):
        parts = ("weight",) if ".conv" in ours else NORM
        for name in (ours.format(task=task) for task in (estimator.stems if "{task}" in ours else ("",))):
            for part in parts:
                target = own[f"{name}.{part}"]
                copied[f"{name}.{part}"] = _fitting(f"{theirs}.{part}", state, target)
    for name in estimator.heads:
        # a task with the images of another has a head of its own
        for part in NORM:
            shown = f"heads.{estimator.image_tasks[name]}.norm.{part}"
            copied[f"heads.{name}.norm.{part}"] = copied[shown]
    estimator.load_state_dict(own | copied)


def _fitting(name: str, state: Mapping[str, Tensor], target: Tensor) -> Tensor:
    """A tensor of theirs in the shape of ours, which has a row for every level where it is of a norm's statistics."""
    if name not in state:
        raise CheckpointError(f"expected a tensor {name} in the weights, found none among {len(state)}")
    found = state[name]
    expected = target.shape[1:] if name.endswith(("running_mean", "running_var")) and target.ndim == 2 else target.shape
    if found.shape != expected:
        raise CheckpointError(f"{name}: expected shape {list(expected)}, found {list(found.shape)}")
    return found.to(torch.float32).expand_as(target)
