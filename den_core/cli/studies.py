"""`den study`: many runs, or many settings, and what they show together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

import tyro

from den_core.cli.console import check_given, write_csv
from den_core.cli.parsing import Positional

EstimatorArm = Literal["plain", "shared", "densities", "distilled", "muon", "large", "recipe"]
SelectorArm = Literal["paper", "explore", "critic", "boltzmann", "auxiliary", "labels", "muon", "recipe"]
Order = Literal["as-they-are", "weights", "first-order"]
RunFolder = Annotated[Path | None, tyro.conf.arg(name="run")]
"""A field of a class that has a method `run`."""


def say(row: dict) -> None:
    """Print a row as soon as it is measured."""
    print(row, flush=True)


@dataclass(frozen=True)
class CompareEstimators:
    """What each part of the estimator's first turn buys: estimators that differ in one part, measured on validation.

    A row per arm and seed is printed as it is measured, and a table at the end, in percent.
    """

    recipe: str = "open3-fast"
    """Name of the recipe; `den recipes` lists them."""
    task: list[str] = field(default_factory=list)
    """Other tasks than the recipe's, NAME=SOURCE@SIZE each, as for train."""
    backbone: str | None = None
    """Another backbone than the recipe's, such as wrn-14-1."""
    arms: list[EstimatorArm] = field(default_factory=lambda: [*get_args(EstimatorArm)])
    """What to train; the last is the recipe as it is."""
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    """Of the start, the batches and the structures."""
    steps: int = 1200
    """Optimiser steps of the recipe; the other arms run as many images."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    """Where to train and to measure."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    out: Path | None = None
    """Where to write every row as CSV."""

    def run(self) -> None:
        import torch

        from den_core.experiments.compare_estimators import compare, table
        from den_core.recipes import recipe_with
        from den_core.runtime.devices import set_threads
        from den_core.training.run import load_training_data

        check_given(arms=self.arms, seeds=self.seeds)
        set_threads(self.threads)
        base = recipe_with(self.recipe, self.task, self.backbone)
        frame = compare(base, load_training_data(base), self.arms, self.seeds, self.steps, self.device, say)
        write_csv(frame, self.out)
        print(f"{base.network.backbone.name}, {self.steps} steps, torch {torch.__version__}, validation split, percent")
        print(table(frame))


@dataclass(frozen=True)
class CompareSortings:
    """Which order of channels leaves a pretrained network's levels most of what it knows, before anything is trained.

    A row per order and level is printed as it is measured: MMACs, and accuracy in percent on validation images by task,
    with the full level's statistics and with matched ones.
    """

    recipe: str = "open3-lite0"
    """Name of a recipe that starts from a pretrained network."""
    task: list[str] = field(default_factory=list)
    """Other tasks than the recipe's, NAME=SOURCE@SIZE each, as for train."""
    orders: list[Order] = field(default_factory=lambda: [*get_args(Order)])
    """Which to measure."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    out: Path | None = None
    """Where to write every row as CSV."""

    def run(self) -> None:
        from den_core.errors import ConfigError
        from den_core.experiments.compare_sortings import compare
        from den_core.recipes import recipe_with
        from den_core.runtime.devices import set_threads
        from den_core.training.run import load_training_data

        check_given(orders=self.orders)
        set_threads(self.threads)
        base = recipe_with(self.recipe, self.task)
        if not base.start:
            raise ConfigError(f"expected a recipe that starts from a pretrained network, found {self.recipe}")
        write_csv(compare(base, load_training_data(base).data, self.orders, say), self.out)


@dataclass(frozen=True)
class CompareSelectors:
    """What each part of the selector's training buys: selectors for one estimator, each with one part more.

    They are measured on validation images, at their own choice and brought to the same mean MACs by a cost weight. Rows
    are printed as they are measured, and a table of means over seeds at the end, in percent and points.
    """

    checkpoint: Positional[Path]
    """Folder of the checkpoint, whose estimator stands still."""
    before: RunFolder = None
    """Folder of its run: takes the estimator as it was before its last turn, which narrows it to its own selector."""
    arms: list[SelectorArm] = field(default_factory=lambda: [*get_args(SelectorArm)])
    """What to train; the last is the recipe as it is."""
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    """Of the start, the batches and the structures."""
    steps: int | None = None
    """Optimiser steps of the choice; the recipe's if not given."""
    share: float = 0.45
    """Mean share of the full MACs, selector included, at which they are compared."""
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    """Where to train and to measure."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    out: Path | None = None
    """Where to write every row as CSV."""

    def run(self) -> None:
        from den_core.experiments.compare_selectors import compare, table
        from den_core.experiments.selector_only import trained
        from den_core.runtime.devices import set_threads
        from den_core.training.run import load_training_data

        check_given(arms=self.arms, seeds=self.seeds)
        set_threads(self.threads)
        net, recipe = trained(self.checkpoint, self.before, self.device)
        data = load_training_data(recipe).data
        frame = compare(net, recipe, data, self.arms, self.seeds, self.share, self.steps, say)
        write_csv(frame, self.out)
        print(table(frame))


@dataclass(frozen=True)
class SweepRho:
    """What ρ (Eq. 5) does, for one trained estimator: a new selector for every value, measured on validation images."""

    checkpoint: Positional[Path]
    """Folder of the checkpoint, whose estimator stands still."""
    before: RunFolder = None
    """Folder of its run: takes the estimator as it was before its last turn, which narrows it to its own selector."""
    rho: list[float] = field(default_factory=lambda: [0.03, 0.1, 0.3, 1.0, 3.0])
    """Weights of the sparsity penalty."""
    steps: int | None = None
    """Optimiser steps of the choice; the recipe's if not given."""
    seed: int | None = None
    """Of the start, the batches and the structures; the recipe's if not given."""
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    """Where to train and to measure."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""
    out: Path | None = None
    """Where to write every row as CSV."""
    write: bool = False
    """Store the rows in the checkpoint's metrics.json."""

    def run(self) -> None:
        import pandas as pd

        from den_core.checkpoints.metrics import require_metrics
        from den_core.experiments.selector_only import trained
        from den_core.experiments.sweep_rho import AS_IT_IS, BEFORE_LAST_TURN, store, sweep, table
        from den_core.runtime.devices import set_threads
        from den_core.training.run import load_training_data

        check_given(rho=self.rho)
        set_threads(self.threads)
        net, recipe = trained(self.checkpoint, self.before, self.device)
        if self.write:
            require_metrics(self.checkpoint)  # what cannot be stored is said before an hour of training
        data = load_training_data(recipe).data
        recipe = recipe if self.seed is None else dataclasses.replace(recipe, seed=self.seed)
        rows = sweep(net, recipe, data, self.rho, self.steps, say)
        write_csv(pd.DataFrame(rows), self.out)
        if self.write:
            store(self.checkpoint, rows, BEFORE_LAST_TURN if self.before else AS_IT_IS)
        print(table(rows))


@dataclass(frozen=True)
class Seeds:
    """What one recipe reaches from several seeds, from folders that were trained and evaluated.

    A row per seed is printed: accuracies (percent, means over tasks), MMACs, gain, lead and twin (points).
    """

    checkpoint: Positional[Path]
    """Folder of the checkpoint."""
    runs: Positional[list[Path]]
    """Folders of the same recipe from other seeds, evaluated."""
    out: Path | None = None
    """Where to write every row as CSV, fractions."""
    write: bool = False
    """Store the rows in the checkpoint's metrics.json."""

    def run(self) -> None:
        import pandas as pd

        from den_core.experiments.seeds import collect, seeds_text, store

        check_given(runs=self.runs)
        rows = collect([self.checkpoint, *self.runs])
        write_csv(pd.DataFrame(rows), self.out)
        if self.write:
            store(self.checkpoint, rows)
        print(seeds_text(rows))


@dataclass(frozen=True)
class Twin:
    """Train the twin of a trained network: it shares the run up to its last turn, in which it never looks.

    `den evaluate RUN --twin OUT` then measures what looking at the image is worth. Seeds are the run's own.
    """

    trained: Annotated[Positional[Path], tyro.conf.arg(metavar="RUN")]
    """Folder of the trained network, with its resume folder."""
    out: Positional[Path]
    """Folder of the twin."""
    resume: bool = False
    """Go on from the twin's own resume point."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""

    def run(self) -> None:
        from den_core.experiments.twin import train_twin
        from den_core.runtime.devices import set_threads
        from den_core.training.setup import Execution

        set_threads(self.threads)
        train_twin(self.trained, Execution(self.out, accelerator=self.device, resume=self.resume))
