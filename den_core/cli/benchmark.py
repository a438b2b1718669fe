"""`den benchmark`: milliseconds per image."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from den_core.cli.console import Positional
from den_core.runtime.files import write_atomically


@dataclass(frozen=True)
class Benchmark:
    """Time a checkpoint: the full model, masked and dispatched execution side by side, and the selector."""

    checkpoint: Positional[str]
    """Folder of the checkpoint; or a recipe, whose untrained network then runs random images and structures."""
    task: str | None = None
    """Which task's images; the first if not given."""
    batch: list[int] = field(default_factory=list)
    """Batch sizes; 1 16 64 256 if not given, and 1024 on a GPU."""
    repeats: int = 15
    """Timed runs of each; the median and the quartiles are printed."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    share: float = 0.45
    """Of a recipe: mean share of the full MACs of its random structures, selector left out."""
    out: Path | None = None
    """Where to write the figures as JSON, beside printing them."""
    device: str = "cpu"
    """Where to compute, as torch names it."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """In which number type."""


def _benchmark(command: Benchmark) -> None:
    from den_core.benchmarks.inference import benchmark, benchmark_untrained
    from den_core.inference.network import load
    from den_core.recipes import ROWS
    from den_core.runtime.devices import set_threads

    c = command
    set_threads(c.threads)
    batches = c.batch or ([1, 16, 64, 256] if c.device == "cpu" else [1, 16, 64, 256, 1024])
    if c.checkpoint in ROWS and not Path(c.checkpoint).exists():
        result = benchmark_untrained(c.checkpoint, c.share, c.task, batches, c.repeats, c.device, c.precision)
    else:
        net = load(c.checkpoint, c.device, c.precision)
        result = benchmark(net, c.task or net.tasks[0], batches, c.repeats)
    print(result.table())
    if c.out:
        write_atomically(c.out, (json.dumps(result.record(), indent=1) + "\n").encode())
