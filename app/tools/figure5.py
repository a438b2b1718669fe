"""The paper's Figure 5 in one command: `python -m app.tools.figure5` trains its ablations and draws them.

Runs that are done are not repeated, and the figure can be drawn when some are. On a CPU, take a smaller network and
fewer steps: `--backbone wrn-14-1 --steps 600`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app import style
from den_core.cli.console import check_given, write_csv
from den_core.cli.parsing import command_line
from den_core.errors import ConfigError, unknown
from den_core.experiments.launch import launch
from den_core.experiments.sweep import combinations, table
from den_core.runtime.files import write_atomically

LABELS = {
    "figure5-levels-2": "2 levels",
    "figure5-levels-3": "3 levels",
    "figure5-levels-4": "4 levels",
    "figure5-levels-5": "5 levels",
    "figure5-start-eq8": "Eq. 8",
    "figure5-start-uniform": "uniform",
    "figure5-start-selector": "untrained selector",
}
"What is written at the points, by recipe."


SYMBOLS = ("circle", "diamond", "square", "x")


@dataclass(frozen=True)
class Figure5:
    """Train the paper's ablations, measure them, and write figure5.csv and figure5.html."""

    out: Path = Path("runs/figure5")
    """Folder with a folder per run, the table and the figure."""
    recipes: list[str] = field(default_factory=lambda: [*LABELS])
    """Which ablations."""
    seeds: list[int] = field(default_factory=lambda: [0])
    """Of the start, the batches and the structures."""
    backbone: str | None = None
    """Another than WRN-32-4."""
    steps: int | None = None
    """Of the first turn; the others keep their proportion to it."""
    launcher: Literal["here", "slurm", "local"] = "here"
    """As for den sweep."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train; auto takes a GPU where there is one."""
    threads: int | None = None
    """CPU threads; torch's own choice if not given."""

    def run(self) -> None:
        check_given(recipes=self.recipes, seeds=self.seeds)
        wrong = [name for name in self.recipes if name not in LABELS]
        if wrong:
            raise ConfigError(unknown("recipes of Figure 5", wrong[0], LABELS))
        where = (self.out, self.backbone, self.steps, self.device, self.threads)
        runs = combinations(self.recipes, [], [], self.seeds, *where)
        launch(runs, self.launcher, self.out)
        frame = table(runs)
        write_csv(frame, self.out / "figure5.csv")
        write_atomically(self.out / "figure5.html", ablation(frame).to_html(include_plotlyjs=True).encode())
        print(frame.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
        print(self.out / "figure5.html")


def ablation(runs: pd.DataFrame) -> go.Figure:
    """Accuracy of the own choice against its share of the full MACs: levels left, first structures right.

    Args:
        runs: a row per run: recipe (of LABELS), seed, accuracy and share. Several seeds of a recipe become their mean
            with bars of one standard deviation.
    """
    figure = make_subplots(
        cols=2, shared_yaxes=True, subplot_titles=("Number of levels", "First structures from"), horizontal_spacing=0.06
    )
    for column, kind in enumerate(("levels", "start"), start=1):
        for place, (recipe, part) in enumerate(_of_kind(runs, kind)):
            x, y = part["share"], part["accuracy"]
            figure.add_scatter(
                x=[x.mean()],
                y=[y.mean()],
                error_x={"array": [x.std()], "visible": len(part) > 1, "thickness": 1},
                error_y={"array": [y.std()], "visible": len(part) > 1, "thickness": 1},
                mode="markers+text",
                marker={"size": 11, "color": style.OKABE_ITO[place], "symbol": SYMBOLS[place]},
                text=[LABELS[recipe]],
                textposition="bottom center",
                name=LABELS[recipe],
                showlegend=False,
                hovertemplate=f"%{{y:.2%}} at %{{x:.1%}} of the MACs, {len(part)} seeds<extra>{LABELS[recipe]}</extra>",
                row=1,
                col=column,
            )
    figure.update_xaxes(title_text="Share of the full model's MACs", tickformat=".0%")
    figure.update_yaxes(tickformat=".1%")  # short runs lie within a point of each other
    figure.update_yaxes(title_text="Validation accuracy", col=1)
    return style.layout(figure, height=420)


def _of_kind(runs: pd.DataFrame, kind: str) -> list[tuple[str, pd.DataFrame]]:
    parts = {name: runs[runs["recipe"] == name] for name in LABELS if f"-{kind}-" in name}
    return [(name, part) for name, part in parts.items() if len(part)]


if __name__ == "__main__":
    sys.exit(command_line(Figure5, "python -m app.tools.figure5"))
