"""What was measured of one method with one seed: a file beside its networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from den_core.checkpoints.folder import write_json
from den_core.checkpoints.metrics import Count, NotNegative, TaskResult
from den_core.comparisons.files import read_object
from den_core.errors import ConfigError
from den_core.fields import check_fields
from den_core.typed_json import to_json


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A method with one seed on the images of a split.

    Args:
        method, seed, split: what it is.
        tasks: results; MACs include a selector where one runs.
        right: by task, which images are answered right: one bit each, first image first, as hexadecimal digits.
        weights: of all its networks together, what no answer needs left out.
        training_macs: of all trainings, a backward pass counted twice.
        image_runs: how many images its networks learned from.
        minutes: that its trainings took, on whatever machine.
    """

    method: str
    seed: Count
    split: str
    tasks: dict[str, TaskResult]
    right: dict[str, str]
    weights: Count
    training_macs: NotNegative
    image_runs: Count
    minutes: NotNegative

    def __post_init__(self) -> None:
        check_fields(self)
        if set(self.right) != set(self.tasks):
            raise ConfigError(f"expected right answers of {', '.join(self.tasks)}, found {', '.join(self.right)}")
        for task, result in self.tasks.items():
            if len(self.right[task]) != 2 * -(-result.images // 8):
                raise ConfigError(f"expected {result.images} answers of {task}, found {len(self.right[task])} digits")
            self.hits(task)

    def hits(self, task: str) -> np.ndarray:
        """Which images of a task are answered right, bool (N,). ConfigError where there are no such digits."""
        try:
            digits = np.frombuffer(bytes.fromhex(self.right[task]), np.uint8)
        except ValueError as error:
            raise ConfigError(f"expected hexadecimal digits in right.{task}: {error}") from error
        return np.unpackbits(digits, count=self.tasks[task].images).astype(bool)

    def mean(self, key: str) -> float:
        """Of a figure of the results, every task counting the same."""
        return float(np.mean([getattr(result, key) for result in self.tasks.values()]))


def packed(hits: np.ndarray) -> str:
    """As `Measured.right` has them, of bool (N,)."""
    return np.packbits(hits.astype(bool)).tobytes().hex()


def write_measured(path: Path, measured: Measured) -> None:
    """Write it as JSON, at once or not at all."""
    write_json(path, to_json(measured))


def read_measured(path: Path) -> Measured:
    """What `write_measured` wrote. CheckpointError where the file is not that; the message says how to make it anew."""
    return read_object(Measured, path, "delete it and give the command again")
