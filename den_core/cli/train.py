"""`den train`: a recipe from data to checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from den_core.cli.evaluate import Evaluate
from den_core.cli.index import Index
from den_core.cli.parsing import Positional

if TYPE_CHECKING:
    from den_core.config import Recipe
    from den_core.training.setup import Execution


@dataclass(frozen=True)
class Train:
    """Train a recipe and write a checkpoint folder, with its metrics and galleries. CIFAR and STL-10 are downloaded."""

    recipe: Positional[str]
    """Name of the recipe; `den recipes` lists them."""
    out: Path | None = None
    """Folder of the run; runs/RECIPE if not given."""
    task: list[str] = field(default_factory=list)
    """Train on your own images instead: NAME=SOURCE@SIZE, such as pets=folder:data/pets@64, one or several.
    SOURCE is folder:FOLDER (an ImageFolder tree) or parquet:FOLDER; SIZE is a multiple of 32."""
    backbone: str | None = None
    """Another backbone than the recipe's, such as wrn-32-4."""
    rho: float | None = None
    """Another weight of the sparsity penalty (Eq. 5)."""
    steps: int | None = None
    """Another length: optimiser steps of the estimator's first turn; the other turns keep their proportion to it."""
    seed: int = 0
    """Of the start, the batches and the structures."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    devices: int = 1
    """Processes or GPUs that train together."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    resume: bool = False
    """Go on from the folder's resume point."""
    smoke: bool = False
    """A few steps on a sample, to see that everything runs."""
    evaluate: bool = True
    """Measure the trained network and write its galleries."""

    def run(self) -> None:
        from den_core.recipes import recipe_with
        from den_core.recipes.smoke import smoke
        from den_core.runtime.devices import set_threads
        from den_core.runtime.processes import leaving
        from den_core.training.setup import Execution

        set_threads(self.threads)
        chosen = recipe_with(self.recipe, self.task, self.backbone, self.rho, self.seed, self.steps, download=True)
        chosen = smoke(chosen) if self.smoke else chosen
        execution = Execution(
            folder=self.out or Path("runs") / chosen.name,
            accelerator=self.device,
            devices=self.devices,
            resume=self.resume,
        )
        with leaving():  # the processes that trained measure as well
            train_and_measure(chosen, execution, self.smoke, self.evaluate)


def train_and_measure(recipe: Recipe, execution: Execution, smoke: bool, evaluate: bool = True) -> None:
    """Train a recipe, measure the network and write its galleries; on a sample where it is a smoke run's."""
    from den_core.recipes.smoke import SHARES, TRAINED, smoke_images
    from den_core.runtime.processes import is_first
    from den_core.training.run import train

    train(recipe, execution, limit=TRAINED if smoke else None)
    if not evaluate:
        return
    folder = execution.folder
    limit, shares = (smoke_images(recipe), list(SHARES)) if smoke else (None, [])
    Evaluate(folder, limit=limit, shares=shares, write=True).run()
    Index(folder, limit=limit).run()
    if is_first():
        print(f"checkpoint in {folder}")
