"""`python -m den_core VERB`: parses arguments, calls one function, prints. No logic lives here.

Bad input ends with exit code 2 and one line on standard error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from den_core.console import exit_code
from den_core.errors import ConfigError
from den_core.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

Positional = tyro.conf.Positional


@dataclass(frozen=True)
class Train:
    """Train a recipe and write a checkpoint folder, with its metrics and galleries."""

    recipe: Positional[str]
    """Name of the recipe; see den_core/recipes."""
    out: Path | None = None
    """Folder of the run; runs/RECIPE if not given."""
    task: list[str] = field(default_factory=list)
    """Train on your own images instead: NAME=SOURCE@SIZE, such as pets=folder:data/pets@64; may be repeated.
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


@dataclass(frozen=True)
class Sweep:
    """Train and measure every combination of recipes, values of ρ, numbers of levels and seeds; skips what is done."""

    recipes: Positional[list[str]]
    """Names of the recipes."""
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


@dataclass(frozen=True)
class Evaluate:
    """Measure accuracy, cost and the controls of a checkpoint on its test splits."""

    checkpoint: Positional[Path]
    """Folder of the checkpoint."""
    split: Literal["test", "validation"] = "test"
    """Which images; validation images were held out in training."""
    limit: int | None = None
    """Only the first test and validation images of every task, for a quick look."""
    seed: int = 0
    """Of the random and permuted controls, the search for static structures and the intervals."""
    baseline: list[Path] = field(default_factory=list)
    """Checkpoints of full networks with one task each, one for every task, to measure beside it."""
    twin: Path | None = None
    """Checkpoint of its twin that never looks, which den_core.training.train_twin makes, to measure beside it."""
    shares: list[float] = field(default_factory=list)
    """Shares of the full MACs at which the cost-weight curve is measured; eight from 0.15 to 0.85 if not given."""
    budget: float | None = None
    """Measure one thing only: the accuracy at this share of the full model's MACs, selector included, such as 0.4."""
    latency: float | None = None
    """The same where an image may take so many milliseconds on this machine, selector included."""
    batch: int = 1
    """Images that run together, for a latency."""
    out: Path | None = None
    """Where to write the figures as JSON (of a budget as CSV), beside printing them."""
    write: bool = False
    """Replace the checkpoint's metrics.json. What other checkpoints were needed for is kept unless measured anew."""
    device: str = "cpu"
    """Where to compute, as torch names it."""


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


@dataclass(frozen=True)
class Datasets:
    """List the data sets, or check that one can be read from end to end."""

    action: Positional[Literal["list", "prepare", "check"]] = "list"
    """What to do; prepare downloads what may be downloaded, check does not, and both decode every image."""
    name: Positional[str | None] = None
    """For prepare and check: a task's name, or a source such as folder:data/pets."""
    out: Path | None = None
    """Where to write the list as CSV, beside printing it."""


@dataclass(frozen=True)
class Report:
    """One table from the metrics of several checkpoints, with the paper's own figures for tasks like theirs."""

    checkpoints: Positional[list[Path]]
    """Folders of the checkpoints."""
    out: Path | None = None
    """Where to write the table as CSV, beside printing it."""


Command = (
    Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Index, tyro.conf.subcommand("index")]
    | Annotated[Benchmark, tyro.conf.subcommand("benchmark")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Datasets, tyro.conf.subcommand("datasets")]
    | Annotated[Report, tyro.conf.subcommand("report")]
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command line. Returns 0, or 2 after a deliberate error; argument errors exit with 2 as well."""
    command = tyro.cli(Command, prog="python -m den_core", args=arguments, config=(tyro.conf.OmitSubcommandPrefixes,))
    return exit_code(lambda: _ACTIONS[type(command)](command))


def _train(command: Train) -> None:
    from den_core.devices import set_threads
    from den_core.processes import is_first, leaving
    from den_core.recipes import recipe_with
    from den_core.recipes.smoke import SHARES, TRAINED, smoke, smoke_images
    from den_core.training.alternate import Execution
    from den_core.training.run import train

    set_threads(command.threads)
    c = command
    chosen = recipe_with(c.recipe, c.task, c.backbone, c.rho, c.seed, c.steps)
    chosen = smoke(chosen) if command.smoke else chosen
    execution = Execution(
        folder=command.out or Path("runs") / chosen.name,
        accelerator=command.device,
        devices=command.devices,
        resume=command.resume,
    )
    with leaving():  # the processes that trained measure as well
        train(chosen, execution, limit=TRAINED if command.smoke else None)
        if command.evaluate:
            folder = execution.folder
            limit, shares = (smoke_images(chosen), list(SHARES)) if command.smoke else (None, [])
            _evaluate(Evaluate(folder, limit=limit, shares=shares, write=True))
            _index(Index(folder, limit=limit))
            if is_first():
                print(f"checkpoint in {folder}")


def _sweep(command: Sweep) -> None:
    from den_core.processes import leaving
    from den_core.training.launch import launch
    from den_core.training.sweep import combinations, table

    c = command
    runs = combinations(c.recipes, c.rho, c.levels, c.seeds, c.out, c.backbone, c.steps, c.device, c.threads)
    with leaving():  # after the last run
        launch(runs, c.launcher, c.out, c.jobs, c.minutes)
    frame = table(runs)
    write_atomically(c.out / "sweep.csv", frame.to_csv(index=False).encode())
    print(frame.to_string(index=False, float_format=lambda v: f"{v:.4g}"))


def _evaluate(command: Evaluate) -> None:
    from den_core.processes import joined

    _check_limit(command.limit)
    wrong = [share for share in command.shares if not 0 < share <= 1]
    if wrong:
        raise ConfigError(f"expected shares of the full MACs above 0 and up to 1, found {wrong[0]}")
    if command.budget is not None and command.latency is not None:
        raise ConfigError("expected either --budget or --latency, found both")
    with joined():
        _measure(command)


def _measure(command: Evaluate) -> None:
    from den_core.baselines import load_baselines
    from den_core.budgets import within_latency, within_share
    from den_core.calibration import calibrate, write_calibration
    from den_core.checkpoints import read_metrics, write_metrics
    from den_core.evaluation import MAC_SHARES, Evaluator, test_sets, validation_sets
    from den_core.network import load
    from den_core.processes import is_first
    from den_core.remeasuring import with_kept
    from den_core.report import largest_difference, metrics_table
    from den_core.twins import load_twin

    net = load(command.checkpoint, command.device)
    baselines = load_baselines(net, command.baseline, command.split)
    twin = load_twin(net, command.twin) if command.twin else None
    validation = validation_sets(net, command.limit)
    data = validation if command.split == "validation" else test_sets(net, command.limit)
    if command.budget is not None or command.latency is not None:
        if command.latency is None:
            found = within_share(net, validation, data, command.budget)
        else:
            found = within_latency(net, validation, data, command.latency, command.batch)
        if is_first():
            _print_frame(found, command.out)
        return
    shares = command.shares or MAC_SHARES
    evaluator = Evaluator(net, data, validation, command.seed, baselines=baselines, twin=twin, shares=shares)
    metrics = evaluator.run(command.split)
    if not is_first():
        return
    if command.write:
        metrics, lines = with_kept(metrics, command.checkpoint)
        for line in lines:
            print(line)
    print(metrics_table(metrics))
    if command.out:
        write_metrics(command.out.parent, metrics, command.out.name)
    if command.write:
        write_metrics(command.checkpoint, metrics)
        if command.split == "test":
            write_calibration(command.checkpoint, calibrate(net, validation))
        return
    before = read_metrics(command.checkpoint)
    if before is not None and before.split == metrics.split and command.limit is None:
        points = 100 * largest_difference(before, metrics)
        print(f"largest difference from metrics.json: {points:.3f} points of accuracy")


def _index(command: Index) -> None:
    from den_core.indexing import write_gallery
    from den_core.network import load
    from den_core.processes import joined

    _check_limit(command.limit)
    with joined():
        net = load(command.checkpoint, command.device)
        for task in net.tasks:
            print(write_gallery(net, command.checkpoint, task, command.limit, command.thumbnails))


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ConfigError(f"expected a limit of at least one image, found {limit}")


def _benchmark(command: Benchmark) -> None:
    from den_core.benchmark import benchmark, benchmark_untrained
    from den_core.devices import set_threads
    from den_core.network import load
    from den_core.recipes import ROWS

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


def _export(command: Export) -> None:
    from den_core.budgets import best_static
    from den_core.evaluation import validation_sets
    from den_core.export import export_structure
    from den_core.network import load

    if (command.structure is None) == (command.budget is None):
        raise ConfigError("expected either --structure or --budget, found both or none")
    net = load(command.checkpoint)
    net.task(command.task)
    key = command.structure or best_static(net, validation_sets(net)[command.task], command.budget)
    print(export_structure(net, command.task, key, command.out), key)


def _datasets(command: Datasets) -> None:
    from den_core.data.listing import list_datasets, prepare_dataset

    if command.action == "list":
        frame = list_datasets()
        print(frame.to_string(index=False))
        if command.out:
            write_atomically(command.out, frame.to_csv(index=False).encode())
        return
    if command.name is None:
        raise ConfigError(f"expected a data set to {command.action}, found none; `datasets list` shows them")
    print(prepare_dataset(command.name, download=command.action == "prepare").T.to_string(header=False))


def _print_frame(frame: pd.DataFrame, out: Path | None) -> None:
    print(frame.to_string(float_format=lambda v: f"{v:.4g}"))
    if out:
        write_atomically(out, frame.to_csv().encode())


def _report(command: Report) -> None:
    from den_core.report import report_table

    frame = report_table(command.checkpoints)
    print(frame.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep=""))
    if command.out:
        write_atomically(command.out, frame.to_csv(index=False).encode())


_ACTIONS = {
    Train: _train,
    Sweep: _sweep,
    Evaluate: _evaluate,
    Index: _index,
    Benchmark: _benchmark,
    Export: _export,
    Datasets: _datasets,
    Report: _report,
}
