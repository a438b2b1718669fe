"""How many images per second a step of training takes in.

Steps of the recipe's own networks, batch sizes and precision, on random images, the loader's work left out: a plain
full backbone trained by itself, the estimator with one structure per image (Eq. 8), with in-place distillation, and the
selector. They take turns, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import torch

from den_core.config import Recipe
from den_core.data.loaders import Batch
from den_core.errors import ConfigError
from den_core.models.accounting import cost_table
from den_core.models.static import StaticEstimator
from den_core.runtime.devices import device_name
from den_core.runtime.processes import leaving
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.seeding import step_generator
from den_core.structures import full_structure
from den_core.training.estimator_step import estimator_step
from den_core.training.optimisers import estimator_optimizer, selector_optimizer
from den_core.training.sampling import initial_structures
from den_core.training.selector_step import selector_step
from den_core.training.setup import Execution, build_networks, make_fabric, precision_on, to_training_precision

Way = Literal["masked", "dispatched"]


@dataclass(frozen=True)
class Throughput:
    """Seconds of single steps, in the order they were taken, by kind of step."""

    recipe: str
    backbone: str
    precision: str
    machine: str
    threads: int
    images: int
    "Images of all tasks in a step."
    seconds: dict[str, list[float]]

    def head(self) -> str:
        """What was timed, and on what."""
        repeats = len(self.seconds["plain backbone"])
        return (
            f"{self.recipe}, {self.backbone}, {self.images} images a step, {self.precision}\n"
            f"{self.machine}, {self.threads} threads, torch {torch.__version__}, {repeats} repeats"
        )

    def table(self) -> pd.DataFrame:
        """Images per second – median and quartiles – and relative to the plain backbone, by kind of step."""
        rows = []
        plain = statistics.median(self.seconds["plain backbone"])
        for name, taken in self.seconds.items():
            slow, median, fast = (self.images / q for q in reversed(quartiles(taken)))
            rows.append(
                {
                    "step": name,
                    "images/s": round(median),
                    "quartiles": f"{slow:.0f}-{fast:.0f}",
                    "of plain": f"{plain / statistics.median(taken):.2f}",
                }
            )
        return pd.DataFrame(rows)


def with_batch(recipe: Recipe, batch: int | None) -> Recipe:
    """The recipe with so many images of every task in a step; None keeps its own. ConfigError below one."""
    if batch is None:
        return recipe
    if batch < 1:
        raise ConfigError(f"expected a batch of at least one image, found {batch}")
    return dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, batch_size=batch))


@leaving()
def throughput(recipe: Recipe, execution: Execution, repeats: int, tau: float = 0.75) -> Throughput:
    """Time the steps of a recipe's training.

    Args:
        recipe: the tasks need not be on this machine, only their configurations.
        tau: of Eq. 8, for the estimator's step without distillation.
    """
    fabric = make_fabric(recipe, execution)
    fabric.launch()
    seconds = take_turns(_steps(recipe, fabric, tau), repeats, fabric.device)
    images = sum(recipe.training.batch_of(t.name) for t in recipe.network.tasks if not t.image_of)
    precision = precision_on(fabric.device, recipe.training.precision)
    names = (recipe.name, recipe.network.backbone.name, precision)
    return Throughput(*names, device_name(fabric.device), torch.get_num_threads(), images, seconds)


def _steps(recipe: Recipe, fabric, tau: float) -> dict[str, Callable[[], object]]:
    config = recipe.training
    estimator, selector = build_networks(recipe)
    if config.channels_last:
        estimator.to(memory_format=torch.channels_last)
        selector.to(memory_format=torch.channels_last)
    table = cost_table(estimator, selector)
    n, h = table.block_macs.shape
    still = StaticEstimator(estimator)
    to_training_precision(still, precision_on(fabric.device, config.precision))
    still.to(fabric.device)
    wrapped, optimizer = fabric.setup(estimator, estimator_optimizer(estimator, config.estimator))
    wrapped_selector, selector_optim = fabric.setup(selector, selector_optimizer(selector, config.selector))
    wrapped.train(), wrapped_selector.train()
    batch, generator = _random_batch(recipe, fabric.device), step_generator(recipe.seed, "throughput", 0)

    def train_estimator(
        first: str, distillation: float, how: Literal["masked", "dispatched"] = config.estimator.execution
    ) -> None:
        structures = {
            task: (
                full_structure(len(x), n, h) if first == "full" else initial_structures(len(x), n, h, tau, generator)
            ).to(fabric.device)
            for task, x in batch.images.items()
        }
        stage = dataclasses.replace(config.estimator, distillation=distillation, execution=how)
        estimator_step(fabric, wrapped, optimizer, batch, structures, table, stage)

    def train_selector() -> None:
        stage = dataclasses.replace(config.selector, samples=2, critic_samples=0, dial_samples=0)
        selector_step(fabric, wrapped_selector, selector_optim, still, batch, table, 0.0, stage, 0.0, generator)

    return {
        # dispatched, images that all run in full go through whole convolutions and torch's own norms, as anywhere else
        "plain backbone": lambda: train_estimator("full", 0.0, "dispatched"),
        "estimator, Eq. 8": lambda: train_estimator("eq8", 0.0),
        "estimator, every image twice": lambda: train_estimator("eq8", 1.0),
        "selector, |Z| = 2": train_selector,
    }


def _random_batch(recipe: Recipe, device: torch.device) -> Batch:
    generator = torch.Generator().manual_seed(recipe.seed)
    sizes = {t.name: recipe.training.batch_of(t.image_of or t.name) for t in recipe.network.tasks}
    images = {
        t.name: torch.randn(sizes[t.name], 3, t.size, t.size, generator=generator).to(device)
        for t in recipe.network.tasks
        if not t.image_of
    }
    labels = {
        t.name: torch.randint(t.num_classes, (sizes[t.name],), generator=generator).to(device)
        for t in recipe.network.tasks
    }
    return Batch(images, labels)
