"""A structure as a file that runs without this library."""

from __future__ import annotations

from pathlib import Path

import torch

from den_core.network import DeepElasticNetwork
from den_core.structures import parse_structure


def export_structure(net: DeepElasticNetwork, task: str, key: str, path: Path) -> Path:
    """Write one structure of one task with torch.export, for any batch size.

    Args:
        key: the structure, one digit per block.
        path: the .pt2 file to write.

    Raises:
        StructureError: the key does not fit the network.
    """
    z = parse_structure(key, net.num_blocks, net.num_levels)[0]
    size = net.task(task).size
    module = net.extract(z, task)
    example = torch.randn(2, 3, size, size, device=net.device)
    program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.tmp.pt2")
    torch.export.save(program, temporary)
    temporary.replace(path)
    return path
