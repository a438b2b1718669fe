"""`den study seeds CHECKPOINT RUN...`: what one recipe reaches from several seeds.

Nothing is trained or measured here: every folder was trained by the same recipe but for its seed, and evaluated on the
same images.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from den_core.checkpoints.comparable import check_trained_alike, recipe_of
from den_core.checkpoints.folder import CheckpointInfo, read_config
from den_core.checkpoints.metrics import (
    SEED_METHODS,
    TWIN,
    Metrics,
    OperatingPoint,
    SeedResult,
    require_metrics,
    write_metrics,
)
from den_core.errors import CheckpointError, ConfigError
from den_core.typed_json import to_json


def collect(folders: Sequence[Path]) -> tuple[SeedResult, ...]:
    """One row per folder, by rising seed; a twin's where the folder's metrics hold one.

    Raises:
        ConfigError: recipe or data differ from those of the first folder in more than the seed; the first such field is
            named. Or two folders have the same seed, or were measured on different images.
        CheckpointError: a folder was not evaluated, or its metrics lack a point.
    """
    first, *_ = folders
    reference, rows = read_config(first), []
    seen: dict[int, Path] = {}
    expected = _measured_on(first, require_metrics(first))
    for folder in folders:
        info, metrics = read_config(folder), require_metrics(folder)
        check_trained_alike(reference, info, folder, first, free=["seed"])
        found = _measured_on(folder, metrics)
        if found != expected:
            raise ConfigError(f"{folder}: expected metrics of {expected} as in {first}, found {found}; evaluate again")
        row = _row(folder, info, metrics)
        if row.seed in seen:
            raise ConfigError(f"{folder}: expected a seed of its own, found {row.seed} again, as in {seen[row.seed]}")
        seen[row.seed] = folder
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: row.seed))


def _measured_on(folder: Path, metrics: Metrics) -> str:
    """The split and how many images of it, in words."""
    images = ", ".join(f"{task} {part.images}" for task, part in _point(folder, metrics, "chosen").tasks.items())
    return f"the {metrics.split} split ({images})"


def _point(folder: Path, metrics: Metrics, method: str) -> OperatingPoint:
    try:
        return metrics.point(method)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from error


def _row(folder: Path, info: CheckpointInfo, metrics: Metrics) -> SeedResult:
    average = {method: _point(folder, metrics, method).average for method in SEED_METHODS}
    accuracy = {method: part.accuracy for method, part in average.items()}
    own, twin = average["chosen"], metrics.find_point(TWIN)
    return SeedResult(
        seed=recipe_of(info, folder).seed,
        **accuracy,
        mean_macs=own.mean_macs,
        gain=own.accuracy - accuracy["permuted"],
        lead=own.accuracy - accuracy["static"],
        twin=None if twin is None else own.accuracy - twin.average.accuracy,
    )


def store(folder: Path, rows: tuple[SeedResult, ...]) -> None:
    """Put the rows into the folder's metrics.json, in place of older ones. CheckpointError if there is none."""
    write_metrics(folder, dataclasses.replace(require_metrics(folder), seeds=rows))


def seeds_text(rows: Sequence[SeedResult]) -> str:
    """The rows as a table in percent, points and millions, mean and sample standard deviation last."""
    frame = pd.DataFrame(to_json(rows))
    shares = [name for name in frame.columns if name not in ("seed", "mean_macs")]
    frame = frame.assign(**{name: 100 * frame[name] for name in shares}, mean_macs=frame["mean_macs"] / 1e6)
    numbers = frame.drop(columns="seed")
    total = pd.DataFrame([numbers.mean(), numbers.std(ddof=1)], index=["mean", "±"])
    table = pd.concat([numbers.set_axis(frame["seed"].astype(str)), total])
    table = table.rename_axis("seed").reset_index().rename(columns={"mean_macs": "MMACs"})
    return table.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="")
