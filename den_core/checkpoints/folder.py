"""A checkpoint is a folder: config.json, model.safetensors, metrics.json, history.csv, gallery/. Nothing is unpickled.

Every file is written under a temporary name and renamed. A folder is only believed after its configuration has been
checked, every tensor it promises is there, and no other. Only `weights.py` beside this file needs torch, which takes
seconds to import.
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
CONFIG, WEIGHTS, HISTORY = "config.json", "model.safetensors", "history.csv"


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
