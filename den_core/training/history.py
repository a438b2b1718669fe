"""What a run reports while it goes on: a progress bar, TensorBoard and history.csv."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch.utils.tensorboard import SummaryWriter

from den_core.runtime.files import write_atomically


@dataclass(frozen=True)
class HistoryRow:
    """A row of history.csv: means since the row before, and the validation split at this step.

    Accuracies are fractions; mean_macs is per image, selector included from its first turn on. image_runs (what the
    estimator learned from) and training_macs (a backward pass counted twice) are of the whole run so far; older files
    lack them.
    """

    step: int
    round: int
    network: str
    images_seen: int
    learning_rate: float
    loss: float
    accuracy: float
    usage: float
    validation_accuracy: float
    validation_mean_macs: float
    validation_distinct: int
    seconds: float
    validation_by_task: str
    image_runs: int = 0
    training_macs: float = 0.0


COLUMNS = tuple(HistoryRow.__dataclass_fields__)


def history_csv(rows: list[HistoryRow]) -> str:
    """The rows as CSV text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows)
    return out.getvalue()


class Reporter:
    """Shows a run and keeps its history. Only the process of rank 0 has one that writes.

    Args:
        folder: of the run; None reports nothing.
        total_steps: of the whole run.
        show: whether to draw the progress bar.
    """

    def __init__(self, folder: Path | None, total_steps: int, rows: list[HistoryRow], done: int, show: bool):
        self.folder, self.rows = folder, rows
        self.writer = SummaryWriter(folder / "tensorboard", purge_step=done) if folder else None
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            disable=not (folder and show),
        )
        self.task = self.bar.add_task("starting", total=total_steps, completed=done)
        self.bar.start()

    def step(self, step: int, description: str) -> None:
        self.bar.update(self.task, completed=step, description=description)

    def row(self, row: HistoryRow) -> None:
        """Append a row; history.csv is replaced as a whole, so that it is never half-written."""
        self.rows.append(row)
        if self.folder is None or self.writer is None:
            return
        write_atomically(self.folder / "history.csv", history_csv(self.rows).encode())
        for name, value in asdict(row).items():
            if isinstance(value, float):
                self.writer.add_scalar(name, value, row.step)
        self.bar.console.print(
            f"step {row.step} round {row.round} {row.network}: loss {row.loss:.3f} "
            f"validation {row.validation_accuracy:.1%} ({row.validation_by_task}) "
            f"at {row.validation_mean_macs / 1e6:.1f} MMAC, {row.validation_distinct} structures, "
            f"{row.seconds:.0f} s"
        )

    def close(self) -> None:
        self.bar.stop()
        if self.writer:
            self.writer.close()
