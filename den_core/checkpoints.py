"""A checkpoint is a folder: config.json, model.safetensors, metrics.json, history.csv, gallery/. Nothing is unpickled.

Every file is written under a temporary name and renamed. A folder is only believed after its configuration has been
checked, every tensor it promises is there, and no other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from den_core.config import NetworkConfig, from_json, to_json
from den_core.errors import CheckpointError, ConfigError
from den_core.files import write_atomically

SCHEMA_VERSION = 1
CONFIG, WEIGHTS, METRICS, HISTORY = "config.json", "model.safetensors", "metrics.json", "history.csv"


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
        extra: whatever else the file holds.
    """

    split: str
    seed: int
    operating_points: list[dict[str, Any]]
    instance_gain: dict[str, Any]
    distinct_per_600: int
    schema_version: int = SCHEMA_VERSION
    extra: dict[str, Any] = field(default_factory=dict)

    def point(self, method: str) -> dict[str, Any]:
        """The only operating point of a method. CheckpointError if there is none."""
        for row in self.operating_points:
            if row["method"] == method:
                return row
        raise CheckpointError(f"expected an operating point {method!r} in {METRICS}, found none; run evaluate again")


def list_checkpoints(root: Path | str) -> list[Path]:
    """Folders below `root` that hold a config.json, sorted; links out of `root` are left out."""
    root = Path(root)
    if not root.is_dir():
        return []
    found = (path.parent for path in root.glob(f"*/{CONFIG}"))
    return sorted(folder for folder in found if folder.resolve().is_relative_to(root.resolve()))


def save_checkpoint(folder: Path | str, info: CheckpointInfo, modules: dict[str, nn.Module], half: bool = True) -> None:
    """Write config.json and model.safetensors.

    Args:
        modules: by prefix, usually estimator and selector.
        half: store weights as float16; running statistics stay float32, for small variances would underflow.
    """
    folder = Path(folder)
    tensors = {}
    for prefix, module in modules.items():
        parameters = {name for name, _ in module.named_parameters()}
        for name, tensor in module.state_dict().items():
            small = half and name in parameters
            tensor = tensor.detach().cpu()
            tensors[f"{prefix}.{name}"] = (tensor.half() if small else tensor).contiguous()
    write_atomically(folder / WEIGHTS, save(tensors, metadata={"format": "pt"}))
    write_json(folder / CONFIG, to_json(info))


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


def load_weights(folder: Path | str, modules: dict[str, nn.Module]) -> None:
    """Fill modules from model.safetensors; names, shapes and number types must match exactly.

    Raises:
        CheckpointError: the file is missing or damaged, or a tensor is missing, unknown or of another shape.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"expected the weights in {path}, found no such file; copy the whole checkpoint folder")
    try:
        with safe_open(path, "pt") as file:
            found = {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: expected a safetensors file, found a damaged one ({error})") from error
    wanted = {f"{prefix}.{k}": t for prefix, m in modules.items() for k, t in m.state_dict().items()}
    missing, unknown = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or unknown:
        what = f"no tensor {missing[0]}" if missing else f"an unknown tensor {unknown[0]}"
        raise CheckpointError(f"{path}: expected the tensors that {CONFIG} describes, found {what}")
    for key, tensor in found.items():
        _check_tensor(path, key, tensor, wanted[key])
        wanted[key].copy_(tensor)


def _check_tensor(path: Path, key: str, found: Tensor, wanted: Tensor) -> None:
    if found.shape != wanted.shape:
        raise CheckpointError(f"{path}: expected {key} of shape {tuple(wanted.shape)}, found {tuple(found.shape)}")
    if found.is_floating_point() != wanted.is_floating_point():
        raise CheckpointError(f"{path}: expected {key} as {wanted.dtype}, found {found.dtype}")
    if found.is_floating_point() and not torch.isfinite(found).all():
        raise CheckpointError(f"{path}: expected finite numbers in {key}, found some that are not")


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
    missing = [name for name in known if not isinstance(raw, dict) or name not in raw]
    if missing:
        raise CheckpointError(f"{path}: expected a field {missing[0]}, found none; run evaluate again")
    if not isinstance(raw["schema_version"], int) or raw["schema_version"] > SCHEMA_VERSION:
        raise CheckpointError(
            f"{path}: expected schema_version up to {SCHEMA_VERSION}, found {raw['schema_version']}; update den_core"
        )
    return Metrics(**{k: raw[k] for k in known}, extra={k: v for k, v in raw.items() if k not in known})


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
