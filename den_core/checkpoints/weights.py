"""The weights of a checkpoint: model.safetensors, written beside config.json, read back strictly."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from den_core.checkpoints.folder import CONFIG, WEIGHTS, CheckpointInfo, write_json
from den_core.config import to_json
from den_core.errors import CheckpointError
from den_core.runtime.files import write_atomically


def save_checkpoint(folder: Path | str, info: CheckpointInfo, modules: dict[str, nn.Module], half: bool = True) -> None:
    """Write config.json and model.safetensors.

    Args:
        modules: by prefix, usually estimator and selector.
        half: store weights as float16; running statistics stay float32, for small variances would underflow.
    """
    folder = Path(folder)
    tensors = {}
    for prefix, module in modules.items():
        parameters = {name for name, _ in module.named_parameters()}
        for name, tensor in module.state_dict().items():
            small = half and name in parameters
            tensor = tensor.detach().cpu()
            tensors[f"{prefix}.{name}"] = (tensor.half() if small else tensor).contiguous()
    write_atomically(folder / WEIGHTS, save(tensors, metadata={"format": "pt"}))
    write_json(folder / CONFIG, to_json(info))


def load_weights(folder: Path | str, modules: dict[str, nn.Module]) -> None:
    """Fill modules from model.safetensors; names, shapes and number types must match exactly.

    Raises:
        CheckpointError: the file is missing or damaged, or a tensor is missing, unknown or of another shape.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"expected the weights in {path}, found no such file; copy the whole checkpoint folder")
    try:
        with safe_open(path, "pt") as file:
            found = {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: expected a safetensors file, found a damaged one ({error})") from error
    wanted = {f"{prefix}.{k}": t for prefix, m in modules.items() for k, t in m.state_dict().items()}
    missing, unknown = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or unknown:
        what = f"no tensor {missing[0]}" if missing else f"an unknown tensor {unknown[0]}"
        raise CheckpointError(f"{path}: expected the tensors that {CONFIG} describes, found {what}")
    for key, tensor in found.items():
        _check_tensor(path, key, tensor, wanted[key])
        wanted[key].copy_(tensor)


def _check_tensor(path: Path, key: str, found: Tensor, wanted: Tensor) -> None:
    if found.shape != wanted.shape:
        raise CheckpointError(f"{path}: expected {key} of shape {tuple(wanted.shape)}, found {tuple(found.shape)}")
    if found.is_floating_point() != wanted.is_floating_point():
        raise CheckpointError(f"{path}: expected {key} as {wanted.dtype}, found {found.dtype}")
    if found.is_floating_point() and not torch.isfinite(found).all():
        raise CheckpointError(f"{path}: expected finite numbers in {key}, found some that are not")
