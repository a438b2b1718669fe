"""A checkpoint is a folder: config.json, model.safetensors, metrics.json, history.csv, gallery/. Nothing is unpickled.

Every file is written under a temporary name and renamed. A folder is only believed after its configuration has been
checked, every tensor it promises is there, and no other. The weights are the business of `den_core.weights`: what is
here needs no torch, which takes seconds to import.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from den_core.config import NetworkConfig, from_json
from den_core.errors import CheckpointError, ConfigError
from den_core.runtime.files import write_atomically

SCHEMA_VERSION = 1
CONFIG, WEIGHTS, METRICS, HISTORY = "config.json", "model.safetensors", "metrics.json", "history.csv"
BASELINE, TWIN = "baseline", "twin"
OF_OTHERS = (BASELINE, TWIN)
"Operating points of metrics.json that other checkpoints are needed for."
LATER_METRICS = ("static_lead", "twin_lead", "choice", "by_cost_weight")
"Fields that a metrics.json may lack: older ones do."


@dataclass(frozen=True)
class CheckpointInfo:
    """What config.json says.

    Args:
        network: shapes, tasks, normalisation.
        recipe: the training configuration as JSON; empty for a network that was not trained here.
        provenance: seeds, data fingerprints, commit, device, wall time.
    """

    network: NetworkConfig
    recipe: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Metrics:
    """metrics.json: measured accuracies and costs, see `den_core.evaluation` for how each came about.

    Args:
        split, seed: of the data that was measured on, and of what is random in it.
        operating_points: rows with method, parameter, tasks, average.
        instance_gain: accuracy of the own choice minus that of the permuted one, fractions, by task and on average.
        distinct_per_600: different structures in 600 images, an equal share of every task.
        static_lead: accuracy of the own choice minus that of the best static structure; like instance_gain.
        twin_lead: accuracy of the own choice minus that of the twin that never looks; like instance_gain.
        choice: how varied the structures in use are, by task (see `measuring.choice_statistics`).
        by_cost_weight: the own choice and its controls along the dial (see `operating_points.cost_weight_row`).
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


def list_checkpoints(root: Path | str) -> list[Path]:
    """Folders below `root` with a config.json or weights, whether or not they can be loaded, sorted.

    Folders that a link leads to out of `root` are left out.
    """
    root = Path(root)
    if not root.is_dir():
        return []
    found = {path.parent for name in (CONFIG, WEIGHTS) for path in root.glob(f"*/{name}")}
    return sorted(folder for folder in found if folder.resolve().is_relative_to(root.resolve()))


def read_config(folder: Path | str) -> CheckpointInfo:
    """config.json of a checkpoint. CheckpointError names the file and what was expected."""
    path = Path(folder) / CONFIG
    raw = read_json(path)
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if not isinstance(version, int):
        raise CheckpointError(f"{path}: expected a schema_version, found none; is this a checkpoint of den_core?")
    if version > SCHEMA_VERSION:
        raise CheckpointError(
            f"{path}: expected schema_version up to {SCHEMA_VERSION}, found {version}; update den_core to read it"
        )
    unknown = sorted(set(raw) - set(CheckpointInfo.__dataclass_fields__))
    if unknown:
        raise CheckpointError(f"{path}: unknown field {unknown[0]}; written by a newer version?")
    try:
        network = from_json(NetworkConfig, raw.get("network"), "network")
        return CheckpointInfo(network, _object(raw, "recipe"), _object(raw, "provenance"), version)
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{path}: {error}") from error


def _object(raw: dict[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: expected an object, found {type(value).__name__}")
    return value


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


def read_history(folder: Path | str) -> pd.DataFrame:
    """history.csv, with no rows where there is none. CheckpointError if it cannot be read."""
    path = Path(folder) / HISTORY
    if not path.is_file():
        return pd.DataFrame()
    try:
        return pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: expected a CSV table ({error})") from error


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, written atomically."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """The value in a JSON file of a checkpoint. CheckpointError if it is missing or malformed."""
    if not path.is_file():
        raise CheckpointError(f"expected a file {path}, found none; is {path.parent} a checkpoint folder?")
    try:
        return json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: expected JSON ({error})") from error
