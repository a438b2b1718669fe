"""`den index`: the galleries that the app reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import check_limit
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Index:
    """Write the galleries that the app reads: every test image with its structure, prediction and cost."""

    checkpoint: Positional[Path]
    """Folder of the checkpoint."""
    limit: int | None = None
    """Only the first images of every task."""
    thumbnails: int | None = None
    """Store pictures of so many pixels a side as well: for data sets that are not where the app runs."""
    device: str = "cpu"
    """Where to compute, as torch names it."""

    def run(self) -> None:
        from den_core.evaluation.indexing import write_gallery
        from den_core.inference.network import load
        from den_core.runtime.processes import joined

        check_limit(self.limit)
        with joined():
            net = load(self.checkpoint, self.device)
            for task in net.tasks:
                print(write_gallery(net, self.checkpoint, task, self.limit, self.thumbnails))
