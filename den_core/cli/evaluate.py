"""`den evaluate`: accuracy and cost of a checkpoint, or what it does within a budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from den_core.cli.console import Positional, check_limit, print_frame
from den_core.errors import ConfigError


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
    """Checkpoints of separate networks with one task each, one for every task, to measure beside it."""
    twin: Path | None = None
    """Checkpoint of its twin that never looks, which den_core.experiments.twin makes, to measure beside it."""
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


def _evaluate(command: Evaluate) -> None:
    from den_core.checkpoints.metrics import read_metrics, write_metrics
    from den_core.evaluation.baselines import load_baselines
    from den_core.evaluation.dial import calibrate, within_latency, within_share
    from den_core.evaluation.evaluator import MAC_SHARES, Evaluator
    from den_core.evaluation.remeasuring import with_kept
    from den_core.evaluation.report import largest_difference, metrics_table
    from den_core.evaluation.sets import test_sets, validation_sets
    from den_core.evaluation.twins import load_twin
    from den_core.inference.calibration import write_calibration
    from den_core.inference.network import load
    from den_core.runtime.processes import is_first, join

    check_limit(command.limit)
    wrong = [share for share in command.shares if not 0 < share <= 1]
    if wrong:
        raise ConfigError(f"expected shares of the full MACs above 0 and up to 1, found {wrong[0]}")
    if command.budget is not None and command.latency is not None:
        raise ConfigError("expected either --budget or --latency, found both")
    join()
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
            print_frame(found, command.out)
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
