"""A recipe from data to checkpoint."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

import den_core
from den_core.checkpoints.folder import CheckpointInfo
from den_core.checkpoints.weights import save_checkpoint
from den_core.config import Recipe, to_json
from den_core.data.arrays import load_task
from den_core.data.splits import divide_tasks
from den_core.errors import TrainingError
from den_core.recipes.starts import about_start
from den_core.runtime.devices import device_name
from den_core.runtime.files import write_atomically
from den_core.runtime.processes import leaving
from den_core.training.history import history_csv
from den_core.training.openings import ALGORITHM_1, Openings
from den_core.training.resume import FILE
from den_core.training.setup import Execution, TrainingData
from den_core.training.trainer import Trainer


@dataclass(frozen=True)
class LoadedData:
    """Training data of a recipe, divided, with the fingerprints of its sources."""

    data: TrainingData
    fingerprints: dict[str, str]


def load_training_data(recipe: Recipe, limit: int | None = None, progress: bool = True) -> LoadedData:
    """Decode the training split of every task and hold out the validation share.

    Args:
        limit: at most so many images per task, for smoke runs.
    """
    tasks = recipe.network.tasks
    arrays = {task.name: load_task(task, "train", limit=limit, progress=progress) for task in tasks}
    rows = divide_tasks(tasks, arrays, recipe.training.validation_share, recipe.data_seed)
    train = {name: arrays[name].take(kept) for name, (kept, _) in rows.items()}
    validation = {name: arrays[name].take(held_out) for name, (_, held_out) in rows.items()}
    return LoadedData(TrainingData(train, validation), {name: found.fingerprint for name, found in arrays.items()})


@leaving()
def train(recipe: Recipe, execution: Execution, limit: int | None = None, openings: Openings = ALGORITHM_1) -> None:
    """Run a recipe and write its checkpoint to `execution.folder`. Of several processes one writes, for all to read.

    Raises:
        TrainingError: the folder holds a finished or unfinished run and `resume` is not set.
        ProcessError: another process did not reach its end.
    """
    folder = execution.folder
    if not execution.resume and any((folder / name).exists() for name in ("config.json", FILE)):
        raise TrainingError(f"expected an empty folder {folder}, found a run in it; give --resume or another --out")
    source = commit()
    loaded = load_training_data(recipe, limit, execution.progress)
    trainer = Trainer(recipe, loaded.data, execution, openings)
    if trainer.precision != recipe.training.precision and trainer.fabric.is_global_zero:
        print("this processor has no bfloat16: training in float32", file=sys.stderr)
    progress = trainer.run()
    if trainer.fabric.is_global_zero:
        info = CheckpointInfo(recipe.network, to_json(recipe), provenance(recipe, trainer, loaded, source))
        save_checkpoint(folder, info, {"estimator": trainer.estimator, "selector": trainer.selector})
        write_atomically(folder / "history.csv", history_csv(progress.rows).encode())
    trainer.fabric.barrier()


def provenance(recipe: Recipe, trainer: Trainer, loaded: LoadedData, source: str) -> dict:
    """Where a checkpoint comes from, for config.json."""
    per_step = sum(loader.batch_size for loader in trainer.loader.loaders.values())
    return {
        "seed": recipe.seed,
        "data_seed": recipe.data_seed,
        "data_sha256": loaded.fingerprints,
        "training_images": {task: len(arrays) for task, arrays in loaded.data.train.items()},
        "validation_images": {task: len(arrays) for task, arrays in loaded.data.validation.items()},
        "steps": trainer.progress.step,
        "images_seen": trainer.progress.step * per_step,
        "commit": source,
        **({"pretrained": about_start(recipe.start)} if recipe.start else {}),
        "device": device_name(trainer.fabric.device),
        "precision": trainer.precision,
        "processes": trainer.fabric.world_size,
        "threads": torch.get_num_threads(),
        "wall_seconds": round(trainer.progress.seconds, 1),
        "versions": {"den_core": den_core.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }


def commit() -> str:
    """The source's git commit, with "+changes" where files differ from it; "unknown" outside a checkout."""
    root = Path(den_core.__file__).parent.parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
        changes = subprocess.run(
            ["git", "status", "--porcelain", "--", "den_core"], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if changes.stdout.strip() else "")
