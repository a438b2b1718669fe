"""metrics.json of a checkpoint: what was measured, on which split."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from den_core.checkpoints.folder import SCHEMA_VERSION, read_json, write_json
from den_core.errors import CheckpointError

METRICS = "metrics.json"
BASELINE, TWIN = "baseline", "twin"
OF_OTHERS = (BASELINE, TWIN)
"Operating points of metrics.json that other checkpoints are needed for."
LATER_METRICS = ("static_lead", "twin_lead", "choice", "by_cost_weight")
"Fields that a metrics.json may lack: older ones do."


@dataclass(frozen=True)
class Metrics:
    """metrics.json: measured accuracies and costs, see `den_core.evaluation.evaluator` for how each came about.

    Args:
        split, seed: of the data that was measured on, and of what is random in it.
        operating_points: rows with method, parameter, tasks, average.
        instance_gain: accuracy of the own choice minus that of the permuted one, fractions, by task and on average.
        distinct_per_600: different structures in 600 images, an equal share of every task.
        static_lead: accuracy of the own choice minus that of the best static structure; like instance_gain.
        twin_lead: accuracy of the own choice minus that of the twin that never looks; like instance_gain.
        choice: how varied the structures in use are, by task (see `measuring.choice_statistics`).
        by_cost_weight: the own choice and its controls at every cost weight (see `operating_points.cost_weight_row`).
        extra: whatever else the file holds.
    """

    split: str
    seed: int
    operating_points: list[dict[str, Any]]
    instance_gain: dict[str, Any]
    distinct_per_600: int
    schema_version: int = SCHEMA_VERSION
    static_lead: dict[str, Any] = field(default_factory=dict)
    twin_lead: dict[str, Any] = field(default_factory=dict)
    choice: dict[str, Any] = field(default_factory=dict)
    by_cost_weight: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def point(self, method: str) -> dict[str, Any]:
        """The only operating point of a method. CheckpointError if there is none."""
        for row in self.operating_points:
            if row["method"] == method:
                return row
        raise CheckpointError(f"expected an operating point {method!r} in {METRICS}, found none; run evaluate again")


def write_metrics(folder: Path | str, metrics: Metrics, name: str = METRICS) -> None:
    """Write metrics as JSON, under the name that a checkpoint gives them or another one."""
    value = {k: v for k, v in vars(metrics).items() if k != "extra"} | metrics.extra
    write_json(Path(folder) / name, value)


def read_metrics(folder: Path | str) -> Metrics | None:
    """metrics.json, or None where there is none. CheckpointError if it cannot be read."""
    path = Path(folder) / METRICS
    if not path.is_file():
        return None
    raw = read_json(path)
    known = [name for name in Metrics.__dataclass_fields__ if name != "extra"]
    required = [name for name in known if name not in LATER_METRICS]
    missing = [name for name in required if not isinstance(raw, dict) or name not in raw]
    if missing:
        raise CheckpointError(f"{path}: expected a field {missing[0]}, found none; run evaluate again")
    if not isinstance(raw["schema_version"], int) or raw["schema_version"] > SCHEMA_VERSION:
        raise CheckpointError(
            f"{path}: expected schema_version up to {SCHEMA_VERSION}, found {raw['schema_version']}; update den_core"
        )
    return Metrics(**{k: raw[k] for k in known if k in raw}, extra={k: v for k, v in raw.items() if k not in known})


def require_metrics(folder: Path | str) -> Metrics:
    """metrics.json of a checkpoint that was evaluated. CheckpointError if it was not, or cannot be read."""
    metrics = read_metrics(folder)
    if metrics is None:
        raise CheckpointError(
            f"expected {Path(folder) / METRICS}, found none; `python -m den_core evaluate {folder} --write` makes it"
        )
    return metrics
