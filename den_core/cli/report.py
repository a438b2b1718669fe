"""`den report`: one table of several checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import Positional
from den_core.runtime.files import write_atomically


@dataclass(frozen=True)
class Report:
    """One table from the metrics of several checkpoints, with the paper's own figures for tasks like theirs."""

    checkpoints: Positional[list[Path]]
    """Folders of the checkpoints."""
    out: Path | None = None
    """Where to write the table as CSV, beside printing it."""


def _report(command: Report) -> None:
    from den_core.evaluation.report import report_table

    frame = report_table(command.checkpoints)
    print(frame.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep=""))
    if command.out:
        write_atomically(command.out, frame.to_csv(index=False).encode())
