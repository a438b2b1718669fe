"""Weights in files of other projects: tensors by name, and nothing else is believed."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from den_core.errors import CheckpointError


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a .safetensors file, or in a .pth or .pt file that holds a state dict.

    Nothing in a .pth file is run (`weights_only`).

    Raises:
        CheckpointError: no such file, a damaged one, one that holds more than tensors, or numbers that are not finite.
    """
    if not path.is_file():
        raise CheckpointError(f"expected a file of weights {path}, found none; name a .safetensors or .pth file")
    try:
        if path.suffix == ".safetensors":
            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of a reader
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: expected tensors alone, found others or a damaged file ({reason})") from error
    if not isinstance(found, dict) or not found:
        raise CheckpointError(f"{path}: expected tensors by name, found {type(found).__name__}; save a state_dict()")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: expected tensors alone, found {type(value).__name__} in {name!r:.80}")
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise CheckpointError(f"{path}: expected finite numbers in {name:.80}, found some that are not")
    return found
