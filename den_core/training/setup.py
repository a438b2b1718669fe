"""What a training run stands on: where it runs, its data, its networks and batches as the recipe's seed has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException

from den_core.config import Precision, Recipe
from den_core.data.arrays import TaskArrays
from den_core.data.loaders import JointLoader, TaskLoader
from den_core.errors import ConfigError
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.recipes.starts import begin_with
from den_core.runtime.devices import check_device, has_bfloat16


@dataclass(frozen=True)
class Execution:
    """Where and how a run goes, which must not change its configuration.

    Args:
        folder: for history, TensorBoard and resume points.
        accelerator, devices: as lightning-fabric takes them.
        resume: go on from the folder's resume point.
        progress: draw the progress bar.
    """

    folder: Path
    accelerator: str = "auto"
    devices: int = 1
    resume: bool = False
    progress: bool = True


@dataclass(frozen=True)
class TrainingData:
    """By task: what is trained on, and what is held out for choices."""

    train: dict[str, TaskArrays]
    validation: dict[str, TaskArrays]


def make_fabric(recipe: Recipe, execution: Execution) -> Fabric:
    """lightning-fabric for the run's devices, in `precision_on` them; several devices or processes train with DDP.

    Under torchrun, its processes are taken as they are, on as many nodes as there are.
    """
    if execution.devices < 1:
        raise ConfigError(f"expected at least one device, found {execution.devices}")
    if execution.accelerator != "auto":
        check_device(execution.accelerator)
    devices, nodes = launched_by_torchrun() or (execution.devices, 1)

    def made(precision: Precision) -> Fabric:
        return Fabric(
            accelerator=execution.accelerator,
            devices=devices,
            num_nodes=nodes,
            strategy=DDPStrategy(find_unused_parameters=True) if devices * nodes > 1 else "auto",
            precision=precision,
        )

    try:
        fabric = made("32-true")  # which knows the device
        found = precision_on(fabric.device, recipe.training.precision)
        return fabric if found == "32-true" else made(found)
    except MisconfigurationException as error:
        raise ConfigError(f"expected {devices} {execution.accelerator} devices: {error}") from error


def precision_on(device: torch.device, wanted: Precision) -> Precision:
    """What a recipe's precision is on a device: float32 where that is no slower, since bfloat16 only saves time."""
    return "32-true" if wanted == "bf16-mixed" and not has_bfloat16(device) else wanted


def launched_by_torchrun() -> tuple[int, int] | None:
    """Processes per node and number of nodes, if torchrun started this process."""
    if not torch.distributed.is_torchelastic_launched():
        return None
    local, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    return local, world // local


def build_networks(recipe: Recipe) -> tuple[Estimator, Selector]:
    """Both networks with the start that the recipe gives: its pretrained one, and its seed for everything else."""
    if recipe.training.selector.control_variate == "critic" and not recipe.network.selector.critic:
        raise ConfigError("control_variate critic needs a selector with a critic: set network.selector.critic")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        estimator, selector = Estimator(recipe.network), Selector(recipe.network)
    if recipe.start:
        begin_with(estimator, recipe.start)
    return estimator, selector


def make_loader(
    recipe: Recipe, train: dict[str, TaskArrays], rank: int, device: torch.device, processes: int = 1
) -> JointLoader:
    """Training batches of all tasks of a recipe, for one of several processes."""
    own = [task for task in recipe.network.tasks if not task.image_of]
    seed, config = recipe.seed, recipe.training
    loaders = {t.name: TaskLoader(train[t.name], t, config, seed, rank, device, processes) for t in own}
    further = {t.name: (t.image_of, torch.from_numpy(train[t.name].labels)) for t in recipe.network.tasks if t.image_of}
    return JointLoader(loaders, further)


def to_training_precision(still: torch.nn.Module, precision: Precision) -> None:
    """Let the network that stands still in a turn compute in the number type that the turn trains in."""
    match precision:
        case "32-true":
            pass
        case "bf16-mixed":
            still.bfloat16()
        case _:
            assert_never(precision)
