"""`den datasets`: what there is, and whether it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from den_core.cli.console import write_csv
from den_core.cli.parsing import Positional
from den_core.errors import ConfigError


@dataclass(frozen=True)
class Datasets:
    """List the data sets, or check that one can be read from end to end."""

    action: Positional[Literal["list", "prepare", "check"]] = "list"
    """What to do; prepare downloads what may be downloaded, check does not, and both decode every image."""
    name: Positional[str | None] = None
    """For prepare and check: a task's name, or a source such as folder:data/pets."""
    out: Path | None = None
    """Where to write the list as CSV, beside printing it."""

    def run(self) -> None:
        from den_core.data.listing import list_datasets, prepare_dataset

        if self.action == "list":
            frame = list_datasets()
            print(frame.to_string(index=False))
            write_csv(frame, self.out)
            return
        if self.name is None:
            raise ConfigError(f"expected a data set to {self.action}, found none; `den datasets list` shows them")
        print(prepare_dataset(self.name, download=self.action == "prepare").T.to_string(header=False))
