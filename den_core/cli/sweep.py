"""`den sweep`: recipes × ρ × levels × seeds, here or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from den_core.cli.console import check_given, write_csv
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Sweep:
    """Train and measure every combination of recipes, values of ρ, numbers of levels and seeds; skips what is done."""

    recipes: Positional[list[str]]
    """Names of the recipes; `den recipes` lists them."""
    rho: list[float] = field(default_factory=list)
    """Weights of the sparsity penalty (Eq. 5); the recipe's own if none is given."""
    levels: list[int] = field(default_factory=list)
    """Numbers of levels, 2 to 5; the recipe's own if none is given."""
    seeds: list[int] = field(default_factory=lambda: [0])
    """Of the start, the batches and the structures."""
    backbone: str | None = None
    """Another backbone than the recipes'."""
    steps: int | None = None
    """Another length, as for train."""
    out: Path = Path("runs/sweep")
    """Folder with a folder per run, and sweep.csv."""
    launcher: Literal["here", "slurm", "local"] = "here"
    """Where the runs happen: one after the other in this process, as an array of Slurm jobs, or as processes of this
    machine; the last two through submitit."""
    jobs: int = 4
    """How many Slurm jobs at once."""
    minutes: int = 720
    """Time limit of a Slurm job; an interrupted one goes on when the command is given again."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""

    def run(self) -> None:
        from den_core.experiments.launch import launch
        from den_core.experiments.sweep import combinations, table
        from den_core.runtime.processes import leaving

        check_given(recipes=self.recipes, seeds=self.seeds)
        varied = (self.recipes, self.rho, self.levels, self.seeds)
        runs = combinations(*varied, self.out, self.backbone, self.steps, self.device, self.threads)
        with leaving():  # after the last run
            launch(runs, self.launcher, self.out, self.jobs, self.minutes)
        frame = table(runs)
        write_csv(frame, self.out / "sweep.csv")
        print(frame.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
