"""`den report`: one table of several checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import check_given, write_csv
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Report:
    """One table from the metrics of several checkpoints, with the paper's own figures for tasks like theirs.

    With --paper the paper's Tables 2 to 5, and under their rows those of comparisons that den compare wrote.
    """

    checkpoints: Positional[list[Path]]
    """Folders of the checkpoints; with --paper, of comparisons."""
    paper: bool = False
    """Whether to print the paper's tables."""
    out: Path | None = None
    """Where to write the table as CSV, beside printing it."""

    def run(self) -> None:
        from den_core.evaluation.report import report_table

        check_given(checkpoints=self.checkpoints)
        if self.paper:
            self._print_paper()
            return
        frame = report_table(self.checkpoints)
        print(frame.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep=""))
        write_csv(frame, self.out)

    def _print_paper(self) -> None:
        import pandas as pd

        from den_core.comparisons.paper_tables import paper_tables

        tables = paper_tables(self.checkpoints)
        for heading, frame in tables.items():
            print(f"{heading}\n{frame.to_string(index=False, float_format=lambda v: f'{v:.2f}', na_rep='')}\n")
        write_csv(pd.concat([frame.assign(table=heading) for heading, frame in tables.items()]), self.out)
