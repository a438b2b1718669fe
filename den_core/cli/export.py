"""`den export`: one structure as a plain network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.parsing import Positional
from den_core.errors import ConfigError


@dataclass(frozen=True)
class Export:
    """Write one structure of a task as a plain network, .safetensors, .pt2 (torch.export) or .onnx; or all of them."""

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
    dynamic: bool = False
    """Instead of one structure: selector, early answers and all levels in one .onnx file, for one image at a time. Its
    inputs are image and price, its outputs logits, structure, macs and early."""
    seed: int = 0
    """With a budget: of the search."""
    device: str = "cpu"
    """With a budget: where to search, as torch names it."""

    def run(self) -> None:
        from den_core.evaluation.dial import best_static
        from den_core.evaluation.sets import validation_sets
        from den_core.inference.dynamic import export_dynamic
        from den_core.inference.export import export_structure
        from den_core.inference.network import load

        if (self.structure is not None) + (self.budget is not None) + self.dynamic != 1:
            raise ConfigError("expected one of --structure, --budget and --dynamic, found several or none")
        net = load(self.checkpoint)
        net.task(self.task)
        if self.dynamic:
            print(export_dynamic(net, self.task, self.out))
            return
        key = self.structure or ""
        if self.budget is not None:
            searched = load(self.checkpoint, self.device)
            key = best_static(searched, validation_sets(searched)[self.task], self.budget, self.seed)
        print(export_structure(net, self.task, key, self.out), key)
