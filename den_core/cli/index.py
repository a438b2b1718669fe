"""`den index`: the galleries that the app reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import Positional, check_limit


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


def _index(command: Index) -> None:
    from den_core.evaluation.indexing import write_gallery
    from den_core.inference.network import load
    from den_core.runtime.processes import join

    check_limit(command.limit)
    join()
    net = load(command.checkpoint, command.device)
    for task in net.tasks:
        print(write_gallery(net, command.checkpoint, task, command.limit, command.thumbnails))
