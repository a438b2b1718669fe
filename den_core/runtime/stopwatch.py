"""Fair timing: ways to do the same thing take turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import torch

from den_core.errors import ConfigError

WARM_UP = 2
"Rounds that are not counted."


def take_turns(
    ways: Mapping[str, Callable[[], object]], repeats: int, device: torch.device, inner: int = 1
) -> dict[str, list[float]]:
    """Seconds of every run of every way, in the order they were taken.

    Args:
        repeats: rounds, in each of which every way has its turn.
        inner: calls that are timed together in a turn, for ways that take only moments; their mean counts.

    Raises:
        ConfigError: fewer than two repeats, which quartiles need.
    """
    if repeats < 2:
        raise ConfigError(f"expected at least two repeats, which quartiles need, found {repeats}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for i in range(repeats + WARM_UP):
        for name, run in ways.items():
            synchronise(device)
            start = time.perf_counter()
            for _ in range(inner):
                run()
            synchronise(device)
            if i >= WARM_UP:
                seconds[name].append((time.perf_counter() - start) / inner)
    return seconds


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile."""
    lower, median, upper = statistics.quantiles(values, n=4)
    return lower, median, upper


def synchronise(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
