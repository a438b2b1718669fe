"""Training batches out of memory: every task's images stay on the device as uint8.

A step has as many images whatever the number of processes: they share them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from den_core.config import TaskConfig, TrainingConfig
from den_core.data.arrays import TaskArrays
from den_core.data.transforms import (
    normalise,
    normalised_background,
    pad_images,
    random_affine,
    random_crops,
    random_erase,
)
from den_core.errors import ConfigError
from den_core.seeding import step_generator


@dataclass(frozen=True)
class Batch:
    """One step's images, float (B_t, 3, S_t, S_t), by task that has its own, and labels, int64 (B_t,), by task."""

    images: dict[str, Tensor]
    labels: dict[str, Tensor]


def epoch_order(labels: Tensor, class_balanced: bool, generator: torch.Generator) -> Tensor:
    """The order in which an epoch shows the images: int64, about as long as labels.

    Plain: every image once. Class-balanced: every class equally often, each class going through its images in a fresh
    order before it repeats one.
    """
    if not class_balanced:
        return torch.randperm(len(labels), generator=generator)
    classes = labels.unique()
    share = -(-len(labels) // len(classes))
    chosen = []
    for label in classes:
        members = (labels == label).nonzero().squeeze(1)
        rounds = -(-share // len(members))
        orders = [members[torch.randperm(len(members), generator=generator)] for _ in range(rounds)]
        chosen.append(torch.cat(orders)[:share])
    order = torch.cat(chosen)
    return order[torch.randperm(len(order), generator=generator)]


class TaskLoader:
    """Augmented batches of one task; which images come at a step is a function of (seed, rank, step).

    Args:
        arrays: the training images.
        task, config: sizes, normalisation, augmentation.
        seed: of the run.
        rank, processes: this process, and how many share a step's images.

    Raises:
        ConfigError: more processes than images of a step.
    """

    def __init__(
        self,
        arrays: TaskArrays,
        task: TaskConfig,
        config: TrainingConfig,
        seed: int,
        rank: int,
        device: torch.device,
        processes: int = 1,
    ):
        self.task, self.config, self.seed, self.rank, self.processes = task, config, seed, rank, processes
        self.batch_size = config.batch_of(task.name)
        if self.batch_size < processes:
            raise ConfigError(
                f"task {task.name}: expected a batch of at least one image for each of {processes} processes, "
                f"found {self.batch_size}; train with fewer"
            )
        self.labels = torch.from_numpy(arrays.labels)
        images = torch.from_numpy(arrays.images).to(device)
        self.padded = pad_images(images, config.padding(task.size), task.background)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)
        self.epoch_length = len(self._epoch_order(0))

    def _epoch_order(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = step_generator(self.seed, f"order/{self.task.name}", epoch)  # one order for all processes
            self._order = epoch_order(self.labels, self.config.class_balanced, generator)
            self._epoch = epoch
        return self._order

    def indices(self, step: int) -> Tensor:
        """Which images of a step this process shows: int64. Processes differ by at most one in how many they have."""
        positions = range(step * self.batch_size, (step + 1) * self.batch_size)[self.rank :: self.processes]
        return torch.stack([self._epoch_order(p // self.epoch_length)[p % self.epoch_length] for p in positions])

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """(images, labels) of a step, augmented and normalised."""
        generator = step_generator(self.seed, f"augment/{self.task.name}", step, self.rank)
        index = self.indices(step)
        images = random_crops(self.padded, index, self.task.size, self.config.flip, generator)
        if self.config.erase:
            images = random_erase(images, self.config.erase, self.task.background, generator)
        x = normalise(images, self.task)
        if self.config.rotation or self.config.zoom:
            x = random_affine(x, self.config.rotation, self.config.zoom, normalised_background(self.task), generator)
        return x, self.labels[index].to(images.device)


class JointLoader:
    """A batch of every task at each step (Algorithm 1 trains all tasks together).

    Args:
        loaders: by task that has images of its own.
        further: labels, (N,), of tasks with the images of another: (that task, labels) by task.
    """

    def __init__(self, loaders: dict[str, TaskLoader], further: dict[str, tuple[str, Tensor]] | None = None):
        self.loaders, self.further = loaders, further or {}

    def images(self, steps: Iterable[int]) -> dict[str, Tensor]:
        """By task that has its own, the images of several steps together."""
        batches = [self.batch(step).images for step in steps]
        return {task: torch.cat([batch[task] for batch in batches]) for task in self.loaders}

    def batch(self, step: int, tasks: Collection[str] = ()) -> Batch:
        """The images of a step.

        Args:
            tasks: of which it shows images; none named is all of them.
        """
        pairs = {name: loader.batch(step) for name, loader in self.loaders.items() if not tasks or name in tasks}
        images = {name: x for name, (x, _) in pairs.items()}
        labels = {name: y for name, (_, y) in pairs.items()}
        for name, (shown, all_labels) in self.further.items():
            if shown in images:
                labels[name] = all_labels[self.loaders[shown].indices(step)].to(images[shown].device)
        return Batch(images, labels)
