"""Milliseconds per image of compared methods, taking turns on one machine: a file beside their figures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from den_core.checkpoints.folder import write_json
from den_core.comparisons.files import read_object
from den_core.config import AtLeastOne
from den_core.data.arrays import load_task
from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.fields import Range, check_fields
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy
from den_core.runtime.devices import device_name
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.typed_json import to_json

TIMES = "times.json"
BATCH, REPEATS = 64, 9

Milliseconds = Annotated[float, Range(0, above=True)]


@dataclass(frozen=True, kw_only=True)
class Times:
    """Of all methods, in one run.

    Args:
        machine, threads, torch_version: what they were taken on.
        batch: images of one task that run together.
        median_ms, lower_ms, upper_ms: by method, per image, choosing included: medians and quartiles over the turns,
            mean over tasks.
    """

    machine: str
    threads: AtLeastOne
    torch_version: str
    batch: AtLeastOne
    median_ms: dict[str, Milliseconds]
    lower_ms: dict[str, Milliseconds]
    upper_ms: dict[str, Milliseconds]

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("lower_ms", "upper_ms"):
            if (found := set(getattr(self, name))) != (expected := set(self.median_ms)):
                raise ConfigError(f"expected {name} of {', '.join(sorted(expected))}, found {', '.join(sorted(found))}")


Answering = Mapping[str, tuple[DeepElasticNetwork, Policy]]
"By task, the network of a method that answers it, and how."


def take_times(methods: Mapping[str, Answering], batch: int = BATCH, repeats: int = REPEATS) -> Times:
    """Time every method on the same test images, each in turn.

    Args:
        batch: images of a task that run together; fewer where its test split has fewer.
        repeats: turns of every method.
    """
    tasks = {task: net.task(task) for by_task in methods.values() for task, (net, _) in by_task.items()}
    images = {}
    for name, task in tasks.items():
        arrays = load_task(task, "test", limit=batch, progress=False)
        images[name] = normalise(torch.from_numpy(arrays.images), task).contiguous(memory_format=torch.channels_last)

    def answer(by_task: Answering) -> None:
        for task, (net, policy) in by_task.items():
            net.answer(images[task], task, policy=policy)

    ways: dict[str, Callable[[], object]] = {
        name: functools.partial(answer, by_task) for name, by_task in methods.items()
    }
    taken = take_turns(ways, repeats, torch.device("cpu"))
    shown = sum(len(x) for x in images.values())
    lower, median, upper = zip(*(quartiles([1000 * s / shown for s in taken[name]]) for name in ways), strict=True)
    return Times(
        machine=device_name(torch.device("cpu")),
        threads=torch.get_num_threads(),
        torch_version=torch.__version__,
        batch=batch,
        median_ms=dict(zip(ways, median, strict=True)),
        lower_ms=dict(zip(ways, lower, strict=True)),
        upper_ms=dict(zip(ways, upper, strict=True)),
    )


def write_times(folder: Path, times: Times) -> None:
    """Write them into a folder of comparisons."""
    write_json(folder / TIMES, to_json(times))


def read_times(folder: Path) -> Times | None:
    """What `write_times` wrote; None where nothing did. CheckpointError where the file is not that."""
    path = folder / TIMES
    return read_object(Times, path, "delete it and take the times again") if path.is_file() else None
