"""A whole split as arrays, ready for training: decoded once, kept as uint8."""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rich.console import Console
from rich.progress import Progress

from den_core.config import TaskConfig
from den_core.data.images import fit_image
from den_core.data.sources import ImageSource, open_source
from den_core.errors import DataError

CHUNK = 256
"Images that one thread decodes between two steps of the progress bar."


@dataclass(frozen=True, kw_only=True)
class TaskArrays:
    """One split of a task. Row i is row i of its source."""

    images: np.ndarray
    "uint8, (N, size, size, 3), as `fit_image` makes them."
    labels: np.ndarray
    "int64, (N,)."
    ids: list[str]
    groups: np.ndarray
    "int64, (N,); see `ImageSource`."
    fingerprint: str
    "Of the source, whether or not all of its rows were loaded."

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> TaskArrays:
        """Some of the rows, int64 (M,), in that order."""
        return dataclasses.replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            ids=[self.ids[i] for i in rows],
            groups=self.groups[rows],
        )


def load_task(
    task: TaskConfig, split: Literal["train", "test"], limit: int | None = None, progress: bool = True
) -> TaskArrays:
    """Decode and fit a split.

    Args:
        limit: only the first so many rows; sources mix their rows, so every class is likely among them.
        progress: show a bar on standard error while it runs.

    Raises:
        DataError: the source is missing or malformed, or its classes are not the task's.
        ImageError: an image does not decode; the message names the row.
    """
    source = open_source(task.source, split)
    if source.class_names != task.class_names:
        raise DataError(
            f"task {task.name}: expected the {task.num_classes} classes {_some(task.class_names)}, found "
            f"{len(source.class_names)} in {source.location}: {_some(source.class_names)}; "
            "use the data set that the task was made for"
        )
    count = len(source) if limit is None else min(limit, len(source))
    return TaskArrays(
        images=decode_rows(source, task, count, progress),
        labels=source.labels[:count],
        ids=source.ids[:count],
        groups=source.groups[:count],
        fingerprint=source.fingerprint,
    )


def decode_rows(source: ImageSource, task: TaskConfig, count: int, progress: bool) -> np.ndarray:
    """The first `count` images, fitted: uint8, (count, size, size, 3).

    Threads help, since decoding releases Python's lock.
    """
    images = np.empty((count, task.size, task.size, 3), np.uint8)

    def fill(start: int) -> int:
        stop = min(start + CHUNK, count)
        for i in range(start, stop):
            images[i] = fit_image(source.image(i), task)
        return stop - start

    with (
        Progress(console=Console(stderr=True), transient=True, disable=not progress) as bar,
        ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
    ):
        step = bar.add_task(f"Decoding {source.name}, {source.split}", total=count)
        for done in pool.map(fill, range(0, count, CHUNK)):
            bar.advance(step, done)
    return images


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
