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
from den_core.errors import DataError, first_of

CHUNK = 256
"Images that one thread decodes between two steps of the progress bar."


@dataclass(frozen=True, kw_only=True)
class TaskArrays:
    """Images of one split of a task, in the order of its source unless other rows were asked for."""

    images: np.ndarray
    "uint8, (N, size, size, 3), as `fit_image` makes them."
    labels: np.ndarray
    "int64, (N,)."
    ids: list[str]
    groups: np.ndarray
    "int64, (N,); see `ImageSource`."
    fingerprint: str
    "Of the source, whether or not all of its rows are here."

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
    source = open_task(task, split)
    return decode_rows(source, task, np.arange(len(source))[:limit], progress)


def open_task(task: TaskConfig, split: Literal["train", "test"]) -> ImageSource:
    """The source of a split, no image decoded yet.

    Raises:
        DataError: it is missing or malformed, or its classes are not the task's.
    """
    source = open_source(task.source, split)
    if source.class_names != task.class_names:
        raise DataError(
            f"task {task.name}: expected the {task.num_classes} classes {first_of(task.class_names)}, found "
            f"{len(source.class_names)} in {source.location}: {first_of(source.class_names)}; "
            "use the data set that the task was made for"
        )
    return source


def decode_rows(source: ImageSource, task: TaskConfig, rows: np.ndarray, progress: bool = True) -> TaskArrays:
    """Some rows of a task's source, int64 (M,), decoded and fitted.

    Threads help, since decoding releases Python's lock.

    Raises:
        ImageError: an image does not decode; the message names the row.
    """
    images = np.empty((len(rows), task.size, task.size, 3), np.uint8)

    def fill(start: int) -> int:
        part = rows[start : start + CHUNK]
        for i, row in enumerate(part, start):
            images[i] = fit_image(source.image(int(row)), task)
        return len(part)

    with (
        Progress(console=Console(stderr=True), transient=True, disable=not progress) as bar,
        ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool,
    ):
        step = bar.add_task(f"Decoding {source.name}, {source.split}", total=len(rows))
        for done in pool.map(fill, range(0, len(rows), CHUNK)):
            bar.advance(step, done)
    return TaskArrays(
        images=images,
        labels=source.labels[rows],
        ids=[source.ids[i] for i in rows],
        groups=source.groups[rows],
        fingerprint=source.fingerprint,
    )
