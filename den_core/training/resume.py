"""Resume points: one safetensors file with everything that the next step depends on. Nothing is pickled.

Random numbers are functions of the seed and the step (`den_core.seeding`), so weights, running statistics, optimiser
state and the step number are enough for a resumed run to end where the unbroken one does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from den_core.config import Recipe, to_json
from den_core.errors import TrainingError
from den_core.runtime.files import write_atomically
from den_core.training.history import HistoryRow

FILE = Path("resume") / "state.safetensors"
LAST_TURN = Path("resume") / "last_turn.safetensors"
"The state at the beginning of a turn after the last selector's, from which a twin starts."


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Args:
        step: steps done over the whole run.
        seconds: wall time so far.
        rows: of history.csv.
        recent: (loss, accuracy, usage, work, image runs) of the steps since the last row.
    """

    step: int
    seconds: float
    rows: list[HistoryRow]
    recent: list[tuple[float, float, float, float, int]]


def recipe_fingerprint(recipe: Recipe) -> str:
    """A hash of everything in a recipe that decides the result."""
    return hashlib.sha256(json.dumps(to_json(recipe), sort_keys=True).encode()).hexdigest()


def save_resume_point(
    folder: Path,
    recipe: Recipe,
    networks: dict[str, nn.Module],
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    file: Path = FILE,
) -> None:
    """Write the resume point of a run, replacing the one before."""
    tensors = {f"{name}/{key}": t for name, module in networks.items() for key, t in module.state_dict().items()}
    tensors |= {f"optimizer/{key}": t for key, t in _optimizer_tensors(optimizer).items()}
    about = {
        "recipe": recipe_fingerprint(recipe),
        "step": progress.step,
        "seconds": progress.seconds,
        "rows": [asdict(row) for row in progress.rows],
        "recent": progress.recent,
    }
    contiguous = {key: t.detach().cpu().contiguous() for key, t in tensors.items()}
    write_atomically(folder / file, save(contiguous, metadata={"progress": json.dumps(about)}))


def branch_off(run: Path, folder: Path, recipe: Recipe) -> None:
    """Give `folder` the state at the beginning of another run's last turn, to go on from by another recipe.

    Raises:
        TrainingError: the run has no such state, or a damaged one.
    """
    about, tensors = _read(_last_turn(run))
    about["recipe"] = recipe_fingerprint(recipe)
    write_atomically(folder / FILE, save(tensors, metadata={"progress": json.dumps(about)}))


def load_before_last_turn(run: Path, recipe: Recipe, networks: dict[str, nn.Module]) -> None:
    """Put into the networks the weights that a run had at the beginning of its last turn.

    Raises:
        TrainingError: the run has no such state, a damaged one, or one of another recipe.
    """
    path = _last_turn(run)
    about, tensors = _read(path)
    _check_recipe(path, about, recipe)
    _fill(networks, tensors)


def _last_turn(run: Path) -> Path:
    path = run / LAST_TURN
    if not path.is_file():
        raise TrainingError(
            f"expected {path}, found none: it is written by runs with estimator.last_steps; train the network first"
        )
    return path


def _check_recipe(path: Path, about: dict, recipe: Recipe) -> None:
    if about["recipe"] != recipe_fingerprint(recipe):
        raise TrainingError(
            f"{path} belongs to a run with another configuration or seed; give the same options, or another folder"
        )


def _fill(networks: dict[str, nn.Module], tensors: dict[str, Tensor]) -> None:
    for name, module in networks.items():
        module.load_state_dict({k.split("/", 1)[1]: t for k, t in tensors.items() if k.startswith(f"{name}/")})


def _read(path: Path) -> tuple[dict, dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["progress"])
            return about, {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise TrainingError(f"{path} is damaged ({error}); delete it and start again") from error


def load_resume_point(
    folder: Path, recipe: Recipe, networks: dict[str, nn.Module]
) -> tuple[Progress, dict[str, Tensor]]:
    """Put a resume point's weights into the networks.

    Returns:
        The progress, and the optimiser's tensors for `restore_optimizer`.

    Raises:
        TrainingError: no resume point, a damaged one, or one of another recipe.
    """
    path = folder / FILE
    if not path.is_file():
        raise TrainingError(f"expected a resume point in {path}, found none; start without --resume")
    about, tensors = _read(path)
    _check_recipe(path, about, recipe)
    _fill(networks, tensors)
    rows = [HistoryRow(**row) for row in about["rows"]]
    # what an older version wrote has no counts
    recent = [(loss, hits, usage, *(counts or (0.0, 0))) for loss, hits, usage, *counts in about["recent"]]
    optimizer = {k.split("/", 1)[1]: t for k, t in tensors.items() if k.startswith("optimizer/")}
    return Progress(about["step"], about["seconds"], rows, recent), optimizer


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{i}/{name}": torch.as_tensor(value)
        for i, p in enumerate(_parameters(optimizer))
        for name, value in optimizer.state.get(p, {}).items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser the state that `save_resume_point` took."""
    parameters = _parameters(optimizer)
    optimizer.state.clear()
    for key, tensor in tensors.items():
        index, name = key.split("/", 1)
        p = parameters[int(index)]
        value = tensor if name == "step" else tensor.to(p.device).clone(memory_format=torch.preserve_format)
        if value.shape == p.shape:
            value = torch.empty_like(p).copy_(value)
        optimizer.state[p][name] = value
