"""The paper's Figure 5 in one command: `python -m app.figure5` trains its ablations and draws them.

Runs that are done are not repeated, and the figure can be drawn when some are. On a CPU, take a smaller network and
fewer steps: `--backbone wrn-14-1 --steps 600`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.charts.ablation import LABELS, ablation
from den_core.cli.console import exit_code
from den_core.experiments.launch import launch
from den_core.experiments.sweep import combinations, table
from den_core.runtime.files import write_atomically


def main(arguments: list[str] | None = None) -> None:
    """Train, measure, and write figure5.csv and figure5.html."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/figure5"))
    parser.add_argument("--recipes", nargs="+", choices=list(LABELS), default=list(LABELS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--backbone", default=None, help="another than WRN-32-4")
    parser.add_argument("--steps", type=int, default=None, help="of the first turn; the others keep their proportion")
    parser.add_argument("--launcher", choices=("here", "slurm", "local"), default="here", help="as for den_core sweep")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; torch's own choice if not given")
    c = parser.parse_args(arguments)
    runs = combinations(c.recipes, [], [], c.seeds, c.out, c.backbone, c.steps, c.device, c.threads)
    launch(runs, c.launcher, c.out)
    frame = table(runs)
    write_atomically(c.out / "figure5.csv", frame.to_csv(index=False).encode())
    write_atomically(c.out / "figure5.html", ablation(frame).to_html(include_plotlyjs=True).encode())
    print(frame.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
    print(c.out / "figure5.html")


if __name__ == "__main__":
    sys.exit(exit_code(main))
