"""The table of compared methods: a row each, with what it cost and how far it is ahead of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from den_core.checkpoints.metrics import AVERAGE
from den_core.comparisons import METHODS
from den_core.comparisons.measured import Measured
from den_core.comparisons.timing import Times
from den_core.errors import CheckpointError, ConfigError
from den_core.evaluation.intervals import paired_intervals
from den_core.runtime.files import write_atomically


def table(
    measured: Sequence[Measured],
    reference: str,
    groups: Mapping[str, np.ndarray] | None = None,
    times: Times | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """A row per method, most accurate first: means over its seeds, in percent, millions, thousands and minutes.

    Args:
        reference: the method that others are compared with, on the seeds that both have.
        groups: by task, equal for images of one thing, int64 (N,).
        times: of all methods, or of some.
        seed: of the intervals.

    Returns:
        method, accuracy, sd (over seeds; nan of one), class_accuracy, mmacs, early (of the images; nan where nothing
        is answered early), milliseconds (per image; nan where no time was taken), minus (the reference: points), low
        and high (95 % over images or groups), weights_m, training_tmacs, image_runs_k, minutes, seeds, and a column per
        task.

    Raises:
        ConfigError: methods were measured on different images.
    """
    first = measured[0]
    for other in measured:
        expected, found = (
            {task: result.images for task, result in part.tasks.items()} | {"split": part.split}
            for part in (first, other)
        )
        if expected != found:
            raise ConfigError(f"{other.method}: expected results on {expected} as of {first.method}, found {found}")
    by_method: dict[str, dict[int, Measured]] = {}
    for part in measured:
        by_method.setdefault(part.method, {})[part.seed] = part
    rows = [_row(parts, by_method.get(reference, {}), groups or {}, seed) for parts in by_method.values()]
    frame = pd.DataFrame(rows)
    frame.insert(6, "milliseconds", frame["method"].map({} if times is None else times.median_ms).astype(float))
    return frame.sort_values("accuracy", ascending=False, ignore_index=True)


def _row(
    parts: dict[int, Measured], reference: dict[int, Measured], groups: Mapping[str, np.ndarray], seed: int
) -> dict[str, object]:
    found = list(parts.values())
    accuracies = [100 * part.mean("accuracy") for part in found]
    early = [result.early for part in found for result in part.tasks.values() if result.early is not None]
    row: dict[str, object] = {
        "method": found[0].method,
        "accuracy": np.mean(accuracies),
        "sd": np.std(accuracies, ddof=1) if len(found) > 1 else np.nan,
        "class_accuracy": 100 * np.mean([part.mean("class_accuracy") for part in found]),
        "mmacs": np.mean([part.mean("mean_macs") for part in found]) / 1e6,
        "early": 100 * np.mean(early) if early else np.nan,
    }
    row |= _lead(parts, reference, groups, seed)
    row |= {
        "weights_m": np.mean([part.weights for part in found]) / 1e6,
        "training_tmacs": np.mean([part.training_macs for part in found]) / 1e12,
        "image_runs_k": np.mean([part.image_runs for part in found]) / 1e3,
        "minutes": np.mean([part.minutes for part in found]),
        "seeds": len(found),
    }
    return row | {task: 100 * np.mean([part.tasks[task].accuracy for part in found]) for task in found[0].tasks}


def _lead(
    parts: dict[int, Measured], reference: dict[int, Measured], groups: Mapping[str, np.ndarray], seed: int
) -> dict[str, float]:
    """Points of accuracy that a method leads the reference by on shared seeds, paired over the images."""
    shared = sorted(set(parts) & set(reference))
    if not shared:
        return {"minus": np.nan, "low": np.nan, "high": np.nan}
    paired = {
        task: np.mean([parts[s].hits(task).astype(float) - reference[s].hits(task) for s in shared], axis=0)
        for task in next(iter(parts.values())).tasks
    }
    low, high = paired_intervals(paired, seed, groups=dict(groups))[AVERAGE]
    mean = float(np.mean([part.mean() for part in paired.values()]))
    return {"minus": 100 * mean, "low": 100 * low, "high": 100 * high}


def markdown(frame: pd.DataFrame) -> str:
    """The table for people, by the methods' titles; tasks come last."""
    lines = [
        "| | accuracy | class-averaged | minus the first method | MMACs | early % | ms | weights (M) "
        "| training (TMACs) | image runs (k) | minutes | seeds |",
        "| --- |" + " --: |" * 11,
    ]
    for row in frame.itertuples():
        spread = "" if np.isnan(row.sd) else f" ± {row.sd:.1f}"
        lead = "" if np.isnan(row.minus) else f"{row.minus:+.1f} [{row.low:+.1f}, {row.high:+.1f}]"
        early = "" if np.isnan(row.early) else f"{row.early:.0f}"
        cells = [METHODS[row.method].title, f"{row.accuracy:.1f}{spread}", f"{row.class_accuracy:.1f}", lead]
        time = "" if np.isnan(row.milliseconds) else f"{row.milliseconds:.2f}"
        cells += [f"{row.mmacs:.1f}", early, time, f"{row.weights_m:.2f}", f"{row.training_tmacs:.1f}"]
        cells += [f"{row.image_runs_k:.0f}", f"{row.minutes:.0f}", f"{row.seeds}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


FIGURES = (
    "accuracy", "sd", "class_accuracy", "mmacs", "early", "milliseconds", "minus", "low", "high", "weights_m",
    "training_tmacs", "image_runs_k", "minutes", "seeds",
)  # fmt: skip
"Columns of the table beside method and tasks."
MAY_LACK = {"sd", "early", "milliseconds", "minus", "low", "high"}
"Which of them may be nan."
TABLE = "comparison.csv"


def write_table(folder: Path, frame: pd.DataFrame) -> None:
    """Write what `table` returned into a folder of comparisons."""
    write_atomically(folder / TABLE, frame.to_csv(index=False).encode())


def read_table(folder: Path) -> pd.DataFrame:
    """What `write_table` wrote, and the methods' titles in the column title.

    Raises:
        CheckpointError: it is missing, or no such table: a column, a number or a method is wrong.
    """
    path = folder / TABLE
    again = "delete it and give den compare again"
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: expected a table of compared methods ({error!s:.80}); {again}") from error
    if missing := [name for name in ("method", *FIGURES) if name not in frame]:
        raise CheckpointError(f"{path}: expected a column {missing[0]}, found none; {again}")
    if unknown := [name for name in frame["method"] if name not in METHODS]:
        raise CheckpointError(f"{path}: expected known methods, found {unknown[0]!r:.80}; {again}")
    numbers = frame.drop(columns="method")
    for name in numbers:
        found = numbers[name]
        finite = pd.api.types.is_numeric_dtype(found) and not np.isinf(found).any()
        if not finite or (name not in MAY_LACK and found.isna().any()):
            raise CheckpointError(f"{path}: expected numbers in the column {name!s:.80}, found others; {again}")
    frame.insert(1, "title", frame["method"].map(lambda name: METHODS[name].title))
    return frame
