"""`den evaluate`: accuracy and cost of a checkpoint, or what it does within a budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from den_core.cli.console import check_limit, print_frame
from den_core.cli.parsing import Positional
from den_core.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from den_core.evaluation.measuring import EvaluationSet
    from den_core.inference.network import DeepElasticNetwork


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
    narrow: list[Path] = field(default_factory=list)
    """The same of narrower networks, such as den compare trains at the MACs that this network spends."""
    twin: Path | None = None
    """Checkpoint of its twin that never looks, which `den study twin` makes, to measure beside it."""
    shares: list[float] = field(default_factory=list)
    """Shares of the full MACs at which the cost-weight curve is measured; eight from 0.15 to 0.85 if not given."""
    budget: float | None = None
    """Measure one thing only: the accuracy within this share of the full model's MACs, all included, such as 0.4."""
    latency: float | None = None
    """The same where an image may take so many milliseconds on this machine, all included."""
    batch: int = 1
    """Images that run together, for a latency."""
    out: Path | None = None
    """Where to write the figures as JSON (of a budget as CSV), beside printing them."""
    write: bool = False
    """Replace the checkpoint's metrics.json. What other checkpoints were needed for is kept unless measured anew."""
    device: str = "cpu"
    """Where to compute, as torch names it."""

    def run(self) -> None:
        from den_core.runtime.processes import joined

        check_limit(self.limit)
        wrong = [share for share in self.shares if not 0 < share <= 1]
        if wrong:
            raise ConfigError(f"expected shares of the full MACs above 0 and up to 1, found {wrong[0]}")
        if self.budget is not None and self.latency is not None:
            raise ConfigError("expected either --budget or --latency, found both")
        with joined():
            self._measure()

    def _measure(self) -> None:
        from den_core.checkpoints.metrics import read_metrics, write_metrics
        from den_core.evaluation.baselines import load_baselines
        from den_core.evaluation.dial import calibrate
        from den_core.evaluation.evaluator import MAC_SHARES, Evaluator
        from den_core.evaluation.remeasuring import with_kept
        from den_core.evaluation.report import largest_difference, metrics_table
        from den_core.evaluation.sets import test_sets, validation_sets
        from den_core.evaluation.twins import load_twin
        from den_core.inference.calibration import write_calibration
        from den_core.inference.network import load
        from den_core.runtime.processes import is_first

        net = load(self.checkpoint, self.device)
        baselines = load_baselines(net, self.baseline, self.split)
        narrow = load_baselines(net, self.narrow, self.split)
        twin = load_twin(net, self.twin) if self.twin else None
        validation = validation_sets(net, self.limit)
        data = validation if self.split == "validation" else test_sets(net, self.limit)
        if self.budget is not None or self.latency is not None:
            found = self._within_budget(net, validation, data)
            if is_first():
                print_frame(found, self.out)
            return
        shares = self.shares or MAC_SHARES
        print("calibrating: the rule of early answers and the stops of the dial, on validation images")
        calibration = calibrate(net, validation, seed=self.seed)
        net = net.calibrated(calibration)
        evaluator = Evaluator(
            net, data, validation, self.seed, baselines=baselines, narrow=narrow, twin=twin, shares=shares
        )
        metrics = evaluator.run(self.split)
        if not is_first():
            return
        if self.write:
            metrics, lines = with_kept(metrics, self.checkpoint)
            for line in lines:
                print(line)
        print(metrics_table(metrics))
        if self.out:
            write_metrics(self.out.parent, metrics, self.out.name)
        if self.write:
            write_metrics(self.checkpoint, metrics)
            if self.split == "test":
                write_calibration(self.checkpoint, calibration)
            return
        before = read_metrics(self.checkpoint)
        if before is not None and before.split == metrics.split and self.limit is None:
            points = 100 * largest_difference(before, metrics)
            print(f"largest difference from metrics.json: {points:.3f} points of accuracy")

    def _within_budget(
        self, net: DeepElasticNetwork, validation: dict[str, EvaluationSet], data: dict[str, EvaluationSet]
    ) -> pd.DataFrame:
        from den_core.evaluation.dial import within_latency, within_share

        if self.latency is not None:
            return within_latency(net, validation, data, self.latency, self.batch)
        assert self.budget is not None  # one of the two is given
        return within_share(net, validation, data, self.budget)
