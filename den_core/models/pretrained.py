"""Weights that others have trained, by the names that their projects give them.

What is copied: stems (a copy for every task), blocks in full, and the norm of every head; the classes of a task are its
own, so that its linear layer starts anew. Running statistics of lower levels are those of the full one until they are
set anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from den_core.errors import CheckpointError, ConfigError
from den_core.models.estimator import Estimator
from den_core.models.mobile import MobileBackbone
from den_core.models.registry import Backbone, find_backbone, list_backbones
from den_core.models.torch_resnet import TorchResNet, projected

Names = Iterator[tuple[str, str]]
"Pairs of our name of a layer and theirs; {task} in ours stands for every task."


def timm_names(backbone: MobileBackbone) -> Names:
    """As timm's EfficientNet has them: stages of blocks, the first of which is part of our stem."""
    yield from _chain("stems.{task}.chain", "conv_stem", "bn1", *_in("blocks.0.0", "conv_dw bn1 conv_pw bn2"))
    places = [(place, i) for place, stage in enumerate(backbone.stages, start=1) for i in range(stage.blocks)]
    for block, (place, i) in enumerate(places):
        yield from _chain(f"blocks.{block}", *_in(f"blocks.{place}.{i}", "conv_pw bn1 conv_dw bn2 conv_pwl bn3"))
    yield from _ends(backbone, "conv_head", "bn2")


def numbered_names(backbone: MobileBackbone) -> Names:
    """As the package efficientnet_pytorch has them: one list of blocks, the first of which is part of our stem."""
    first = _in("_blocks.0", "_depthwise_conv _bn1 _project_conv _bn2")
    yield from _chain("stems.{task}.chain", "_conv_stem", "_bn0", *first)
    for block in range(backbone.num_blocks):
        theirs = _in(f"_blocks.{block + 1}", "_expand_conv _bn0 _depthwise_conv _bn1 _project_conv _bn2")
        yield from _chain(f"blocks.{block}", *theirs)
    yield from _ends(backbone, "_conv_head", "_bn1")


def torchvision_names(backbone: MobileBackbone) -> Names:
    """As torchvision's MobileNetV2 has them: one list of blocks, the first two of which are our stem."""
    stem = _in("features", "0.0 0.1 1.conv.0.0 1.conv.0.1 1.conv.1 1.conv.2")
    yield from _chain("stems.{task}.chain", *stem)
    for block in range(backbone.num_blocks):
        yield from _chain(f"blocks.{block}", *_in(f"features.{block + 2}.conv", "0.0 0.1 1.0 1.1 2 3"))
    yield from _ends(backbone, *_in(f"features.{backbone.num_blocks + 2}", "0 1"))


def _ends(backbone: MobileBackbone, conv: str, norm: str) -> Names:
    """The last convolution, which ends our last block, and the norm behind it."""
    yield f"blocks.{backbone.num_blocks - 1}.conv4", conv
    yield "heads.{task}.norm", norm


def _in(prefix: str, names: str) -> list[str]:
    return [f"{prefix}.{name}" for name in names.split()]


def _chain(ours: str, *theirs: str) -> Names:
    """Convolutions and the norms behind them, alternating, first to last."""
    for i, name in enumerate(theirs):
        yield f"{ours}.{'norm' if i % 2 else 'conv'}{(i + 1) // 2 + 1}", name


def torch_resnet_names(backbone: TorchResNet) -> Names:
    """As torchvision's ResNets have them: four layers of blocks, some with a convolution and a norm on the shortcut."""
    yield from _chain("stems.{task}.chain", "conv1", "bn1")
    parts = "conv1 bn1 conv2 bn2 conv3 bn3" if backbone.bottleneck else "conv1 bn1 conv2 bn2"
    places = [(place, i) for place, stage in enumerate(backbone.stages, start=1) for i in range(stage.blocks)]
    channels = backbone.stem_channels
    for block, (place, i) in enumerate(places):
        stage = backbone.stages[place - 1]
        yield from _chain(f"blocks.{block}", *_in(f"layer{place}.{i}", parts))
        if projected(channels, stage.width, 1 if i else stage.stride):
            yield from _chain(f"blocks.{block}.projection", *_in(f"layer{place}.{i}.downsample", "0 1"))
        channels = stage.width


NAMINGS: dict[type[Backbone], tuple[Callable[..., Names], ...]] = {
    MobileBackbone: (timm_names, numbered_names, torchvision_names),
    TorchResNet: (torch_resnet_names,),
}
"How other projects call the layers of a family."
NORM = ("weight", "bias", "running_mean", "running_var")


def load_pretrained(estimator: Estimator, backbone: str, state: Mapping[str, Tensor]) -> None:
    """Copy weights into an estimator.

    Args:
        backbone: of the registry; the estimator's.
        state: by names of one of the NAMINGS of its family.

    Raises:
        ConfigError: a backbone that none of them knows.
        CheckpointError: a tensor is missing or has another shape; the first one is named. Nothing is copied then.
    """
    family = find_backbone(backbone)
    if type(family) not in NAMINGS:
        known = ", ".join(list_backbones("pretrained"))
        raise ConfigError(f"expected a backbone that others have trained, {known}; found {backbone}")
    firsts = {f"{next(naming(family))[1]}.weight": naming for naming in NAMINGS[type(family)]}
    if not (fitting := [naming for name, naming in firsts.items() if name in state]):
        raise CheckpointError(f"expected a tensor {' or '.join(firsts)} in the weights, found none among {len(state)}")
    own, copied = estimator.state_dict(), {}
    for ours, theirs in fitting[0](family):
        parts = ("weight",) if ".conv" in ours else NORM
        # a task with the images of another has no stem, but a head of its own
        tasks = estimator.heads if ours.startswith("heads.") else estimator.stems
        for name in dict.fromkeys(ours.format(task=task) for task in tasks):
            for part in parts:
                target = own[f"{name}.{part}"]
                copied[f"{name}.{part}"] = _fitting(f"{theirs}.{part}", state, target)
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
