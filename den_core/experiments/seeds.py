"""`python -m den_core.experiments.seeds CHECKPOINT RUN...`: what one recipe reaches from several seeds.

Nothing is trained or measured here: every folder was trained by the same recipe but for its seed, and evaluated on the
same images.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from den_core.checkpoints.comparable import check_trained_alike, recipe_of
from den_core.checkpoints.folder import CheckpointInfo, read_config
from den_core.checkpoints.metrics import TWIN, Metrics, require_metrics, write_metrics
from den_core.cli.console import exit_code
from den_core.errors import CheckpointError, ConfigError

METHODS = ("chosen", "permuted", "static", "random", "full")
"Operating points of which the average accuracy is reported."


def collect(folders: Sequence[Path]) -> list[dict[str, float]]:
    """One row per folder, by rising seed.

    Returns:
        seed; average accuracies of METHODS, mean_macs of the own choice; gain, lead and, where the folder's metrics
        hold a twin, twin: the own choice's accuracy minus that of permuted, static and twin. Fractions.

    Raises:
        ConfigError: recipe or data differ from those of the first folder in more than the seed; the first such field is
            named. Or two folders have the same seed, or were measured on different images.
        CheckpointError: a folder was not evaluated, or its metrics lack a point.
    """
    first, *_ = folders
    reference, rows, seen = read_config(first), [], {}
    expected = _measured_on(first, require_metrics(first))
    for folder in folders:
        info, metrics = read_config(folder), require_metrics(folder)
        check_trained_alike(reference, info, folder, first, free=["seed"])
        found = _measured_on(folder, metrics)
        if found != expected:
            raise ConfigError(f"{folder}: expected metrics of {expected} as in {first}, found {found}; evaluate again")
        row = _row(folder, info, metrics)
        if row["seed"] in seen:
            raise ConfigError(
                f"{folder}: expected a seed of its own, found {row['seed']} again, as in {seen[row['seed']]}"
            )
        seen[row["seed"]] = folder
        rows.append(row)
    return sorted(rows, key=lambda row: row["seed"])


def _measured_on(folder: Path, metrics: Metrics) -> str:
    """The split and how many images of it, in words."""
    images = ", ".join(f"{task} {part['images']}" for task, part in _point(folder, metrics, "chosen")["tasks"].items())
    return f"the {metrics.split} split ({images})"


def _point(folder: Path, metrics: Metrics, method: str) -> dict[str, Any]:
    try:
        return metrics.point(method)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from error


def _row(folder: Path, info: CheckpointInfo, metrics: Metrics) -> dict[str, float]:
    average = {method: _point(folder, metrics, method)["average"] for method in METHODS}
    accuracy = {method: part["accuracy"] for method, part in average.items()}
    row = {"seed": recipe_of(info, folder).seed} | accuracy | {"mean_macs": average["chosen"]["mean_macs"]}
    row |= {"gain": accuracy["chosen"] - accuracy["permuted"], "lead": accuracy["chosen"] - accuracy["static"]}
    if any(point["method"] == TWIN for point in metrics.operating_points):
        row["twin"] = accuracy["chosen"] - metrics.point(TWIN)["average"]["accuracy"]
    return row


def seeds_text(rows: Sequence[dict[str, float]]) -> str:
    """The rows as a table in percent, points and millions, mean and sample standard deviation last."""
    frame = pd.DataFrame(rows)
    shares = [name for name in frame.columns if name not in ("seed", "mean_macs")]
    frame = frame.assign(**{name: 100 * frame[name] for name in shares}, mean_macs=frame["mean_macs"] / 1e6)
    numbers = frame.drop(columns="seed")
    total = pd.DataFrame([numbers.mean(), numbers.std(ddof=1)], index=["mean", "±"])
    table = pd.concat([numbers.set_axis(frame["seed"].astype(str)), total])
    table = table.rename_axis("seed").reset_index().rename(columns={"mean_macs": "MMACs"})
    return table.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="")


def main(arguments: list[str] | None = None) -> None:
    """Print a row per seed: accuracies (percent, means over tasks), MMACs, gain, lead and twin (points)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of the same recipe from other seeds, evaluated")
    parser.add_argument("--write", action="store_true", help="store the rows in the checkpoint's metrics.json")
    command = parser.parse_args(arguments)
    rows = collect([command.checkpoint, *command.runs])
    if command.write:
        metrics = require_metrics(command.checkpoint)
        write_metrics(command.checkpoint, dataclasses.replace(metrics, extra=metrics.extra | {"seeds": rows}))
    print(seeds_text(rows))


if __name__ == "__main__":
    sys.exit(exit_code(main))
