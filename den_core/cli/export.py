"""`den export`: one structure as a plain network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import Positional
from den_core.errors import ConfigError


@dataclass(frozen=True)
class Export:
    """Write one structure of one task as a plain network: .safetensors, .pt2 (torch.export) or .onnx."""

    checkpoint: Positional[Path]
    """Folder of the checkpoint."""
    out: Positional[Path]
    """The file to write."""
    task: str
    """Whose stem and head to take."""
    structure: str | None = None
    """One digit per block, such as 330120."""
    budget: float | None = None
    """Instead of a structure: the best one within this share of the full model's MACs, found on validation images."""


def _export(command: Export) -> None:
    from den_core.evaluation.dial import best_static
    from den_core.evaluation.sets import validation_sets
    from den_core.inference.export import export_structure
    from den_core.inference.network import load

    if (command.structure is None) == (command.budget is None):
        raise ConfigError("expected either --structure or --budget, found both or none")
    net = load(command.checkpoint)
    net.task(command.task)
    key = command.structure or best_static(net, validation_sets(net)[command.task], command.budget)
    print(export_structure(net, command.task, key, command.out), key)
