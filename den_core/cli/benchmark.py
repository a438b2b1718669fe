"""`den benchmark`: how fast inference, training and the search for neighbours are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from den_core.cli.console import write_csv, write_json
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Inference:
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
    seed: int = 0
    """Of a recipe: of its weights, images and structures."""
    out: Path | None = None
    """Where to write the figures as JSON, beside printing them."""
    device: str = "cpu"
    """Where to compute, as torch names it."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """In which number type."""

    def run(self) -> None:
        from den_core.benchmarks.inference import benchmark, benchmark_untrained
        from den_core.inference.network import load
        from den_core.recipes import ROWS
        from den_core.runtime.devices import set_threads

        set_threads(self.threads)
        sizes = self.batch or ([1, 16, 64, 256] if self.device == "cpu" else [1, 16, 64, 256, 1024])
        if self.checkpoint in ROWS and not Path(self.checkpoint).exists():
            result = benchmark_untrained(
                self.checkpoint, self.share, self.task, sizes, self.repeats, self.device, self.precision, self.seed
            )
        else:
            net = load(self.checkpoint, self.device, self.precision)
            result = benchmark(net, self.task or net.tasks[0], sizes, self.repeats)
        print(result.table())
        write_json(result.record(), self.out)


@dataclass(frozen=True)
class Training:
    """Images per second of every kind of training step of a recipe, on random images."""

    recipe: Positional[str]
    """Name of the recipe; `den recipes` lists them."""
    backbone: str | None = None
    """Another backbone than the recipe's, such as wrn-32-4."""
    batch: int | None = None
    """Images of every task in a step; the recipe's if not given."""
    repeats: int = 11
    """Timed steps of each; the median and the quartiles are printed."""
    seed: int = 0
    """Of the weights, the images and the structures."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    out: Path | None = None
    """Where to write the table as CSV, beside printing it."""

    def run(self) -> None:
        from den_core.benchmarks.training import throughput, with_batch
        from den_core.recipes import recipe_with
        from den_core.runtime.devices import set_threads
        from den_core.training.setup import Execution

        set_threads(self.threads)
        recipe = with_batch(recipe_with(self.recipe, backbone=self.backbone, seed=self.seed), self.batch)
        found = throughput(recipe, Execution(Path(), accelerator=self.device), self.repeats)
        print(found.head())
        print(found.table().to_string(index=False))
        write_csv(found.table(), self.out)


@dataclass(frozen=True)
class Search:
    """Recall and time of approximate neighbour search on vectors like a checkpoint's, as JSON."""

    checkpoint: Positional[Path]
    """Folder of a checkpoint with galleries."""
    rows: int = 1_000_000
    """Vectors to synthesise."""
    queries: int = 200
    """Further vectors to ask for."""
    k: int = 4
    """Neighbours per query."""
    jitter: float = 0.3
    """Noise on the log probabilities, nats."""
    seed: int = 0
    """Of the vectors, the queries and the index."""
    threads: int = 1
    """Threads of faiss."""
    out: Path | None = None
    """Where to write the figures as well."""

    def run(self) -> None:
        from den_core.benchmarks.search import distributions_in, measure

        found = measure(
            distributions_in(self.checkpoint),
            self.rows,
            self.k,
            self.queries,
            self.jitter,
            seed=self.seed,
            threads=self.threads,
        )
        print(json.dumps(found, indent=1))
        write_json(found, self.out)
