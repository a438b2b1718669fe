"""A structure as a file that runs without this library: its weights, a torch.export program, or ONNX."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from den_core.errors import ConfigError
from den_core.inference.network import DeepElasticNetwork
from den_core.runtime.files import write_beside
from den_core.structures import parse_structure

TOLERANCE = 1e-4
"By how much the logits of an ONNX file may differ from the network's, in float32."


def export_structure(net: DeepElasticNetwork, task: str, key: str, path: Path) -> Path:
    """Write one structure of one task for any batch size, in the format that the file's name ends in.

    Args:
        key: the structure, one digit per block.
        path: the file to write: .safetensors (weights of `net.extract`), .pt2 (torch.export) or .onnx (checked with
            onnxruntime on a random batch before it is written).

    Raises:
        StructureError: the key does not fit the network.
        ConfigError: no such task or format, a missing package, or ONNX answers that differ.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"expected a file that ends in {', '.join(FORMATS)}, found {path.name}")
    z = parse_structure(key, net.num_blocks, net.num_levels)[0]
    size = net.task(task).size
    module = net.extract(z, task)
    example = torch.randn(2, 3, size, size, device=net.device, generator=torch.Generator(net.device).manual_seed(0))
    about = {"task": task, "structure": key, "classes": json.dumps(net.task(task).class_names)}
    write_beside(path, lambda temporary: FORMATS[path.suffix](module, example, about, temporary))
    return path


def _write_weights(module: nn.Module, example: Tensor, about: dict[str, str], path: Path) -> None:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    save_file(tensors, path, metadata=about)


def _write_program(module: nn.Module, example: Tensor, about: dict[str, str], path: Path) -> None:
    program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    torch.export.save(program, path)


def need_onnx() -> None:
    """ConfigError where packages for ONNX are missing."""
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401 - what torch writes ONNX with
    except ImportError as error:
        raise ConfigError(
            f'expected the package {error.name} for ONNX, found none; pip install "deep-elastic-networks[onnx]"'
        ) from error


def _write_onnx(module: nn.Module, example: Tensor, about: dict[str, str], path: Path) -> None:
    need_onnx()
    import onnxruntime

    shapes = {"x": {0: torch.export.Dim("batch", min=1)}}
    program = torch.onnx.export(
        module, (example,), dynamo=True, dynamic_shapes=shapes, input_names=["images"], output_names=["logits"],
        verbose=False,
    )  # fmt: skip
    assert program is not None  # dynamo=True gives one
    program.model.metadata_props.update(about)
    program.save(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(None, {"images": example.cpu().numpy()})[0])
    worst = float((found - module(example).cpu()).abs().max())
    if worst > TOLERANCE:
        raise ConfigError(f"expected ONNX logits within {TOLERANCE} of the network's, found {worst:.2g} between them")


FORMATS: dict[str, Callable[[nn.Module, Tensor, dict[str, str], Path], None]] = {
    ".safetensors": _write_weights,
    ".pt2": _write_program,
    ".onnx": _write_onnx,
}
"How a file is written, by what its name ends in."
