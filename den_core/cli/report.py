"""`den report`: one table of several checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import check_given, write_csv
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Report:
    """One table from the metrics of several checkpoints, with the paper's own figures for tasks like theirs."""

    checkpoints: Positional[list[Path]]
    """Folders of the checkpoints."""
    out: Path | None = None
    """Where to write the table as CSV, beside printing it."""

    def run(self) -> None:
        from den_core.evaluation.report import report_table

        check_given(checkpoints=self.checkpoints)
        frame = report_table(self.checkpoints)
        print(frame.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep=""))
        write_csv(frame, self.out)
