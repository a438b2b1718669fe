"""`den recipes`: what can be trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.cli.console import write_csv
from den_core.cli.parsing import Positional


@dataclass(frozen=True)
class Recipes:
    """List the recipes, one a line: name, scenario (its tasks), backbone, description.

    RECIPE-baseline-TASK is a recipe as well: a full network of its own for one of the tasks.
    """

    text: Positional[str] = ""
    """Only those that have this in one of the four, such as cifar100."""
    out: Path | None = None
    """Where to write the list as CSV, beside printing it."""

    def run(self) -> None:
        from den_core.recipes.listing import list_recipes

        frame = list_recipes(self.text)
        widths = [frame[column].str.len().max() for column in frame]
        for row in frame.itertuples(index=False):
            print("  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip())
        write_csv(frame, self.out)
