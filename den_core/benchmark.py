"""A stopwatch: what the chosen structures cost in time, beside the full model, in one run on one machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch

from den_core.data.arrays import load_task
from den_core.data.transforms import normalise
from den_core.devices import device_name
from den_core.errors import ConfigError
from den_core.models.static import ExtractedNetwork
from den_core.network import DeepElasticNetwork
from den_core.structures import full_structure


@dataclass(frozen=True)
class Timing:
    """One way to run a batch: milliseconds per batch (median and quartiles) and MACs per image."""

    name: str
    batch: int
    median_ms: float
    lower_ms: float
    upper_ms: float
    mean_macs: float


@dataclass(frozen=True)
class BenchmarkResult:
    """Timings with what they were taken on."""

    machine: str
    threads: int
    torch_version: str
    task: str
    repeats: int
    timings: list[Timing]

    def table(self) -> str:
        """Text: time and MACs of everything relative to the full model of the same batch size."""
        rows = []
        for t in self.timings:
            full = next(x for x in self.timings if x.batch == t.batch and x.name == "full model")
            rows.append(
                {
                    "batch": t.batch,
                    "run": t.name,
                    "ms": f"{t.median_ms:.2f}",
                    "quartiles": f"{t.lower_ms:.2f}-{t.upper_ms:.2f}",
                    "images/s": f"{1000 * t.batch / t.median_ms:.0f}",
                    "time ratio": f"{t.median_ms / full.median_ms:.2f}",
                    "MAC ratio": f"{t.mean_macs / full.mean_macs:.2f}",
                }
            )
        head = f"{self.machine}, {self.threads} threads, torch {self.torch_version}, task {self.task}"
        return f"{head}, {self.repeats} repeats\n{pd.DataFrame(rows).to_string(index=False)}"


def benchmark(net: DeepElasticNetwork, task: str, batches: list[int], repeats: int) -> BenchmarkResult:
    """Time the full model, masked execution, dispatched execution, and selector plus dispatch.

    The ways take turns, so that a busy machine slows all of them alike. Images are the task's test images.

    Raises:
        ConfigError: fewer than two repeats, or a batch of no image or of more than the test split has.
    """
    if repeats < 2:
        raise ConfigError(f"expected at least two repeats, which quartiles need, found {repeats}")
    config = net.task(task)
    arrays = load_task(config, "test", limit=max([1, *batches]))
    for B in batches:
        if not 1 <= B <= len(arrays):
            raise ConfigError(f"expected batches of 1 to {len(arrays)} images, the test split of {task}, found {B}")
    images = normalise(torch.from_numpy(arrays.images).to(net.device), config)
    timings = []
    for B in batches:
        x = images[:B].contiguous(memory_format=torch.channels_last)
        z = net.choose(net.model_distribution(x, task))
        timings += _take_turns(_ways(net, task, x, z), B, repeats, net.device)
    return BenchmarkResult(
        device_name(net.device), torch.get_num_threads(), torch.__version__, task, repeats, timings
    )


def _ways(net: DeepElasticNetwork, task: str, x: torch.Tensor, z: torch.Tensor) -> list[tuple[str, Callable, float]]:
    full = full_structure(1, net.num_blocks, net.num_levels)
    plain = ExtractedNetwork(net.estimator, full[0], task)
    chosen, total = net.cost(z.cpu(), task), net.full_cost(task)

    def run_all() -> torch.Tensor:
        return net.classify(x, task, net.choose(net.model_distribution(x, task)))

    return [
        ("full model", lambda: plain(x), float(total.macs[0])),
        ("masked", lambda: net.estimator.classify(x, z, task), float(chosen.macs.double().mean())),
        ("dispatched", lambda: net.classify(x, task, z), float(chosen.macs.double().mean())),
        ("selector + dispatched", run_all, float(chosen.total_macs.double().mean())),
    ]


def _take_turns(ways, batch: int, repeats: int, device: torch.device) -> list[Timing]:
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    with torch.inference_mode():
        for i in range(repeats + 2):
            for name, run, _ in ways:
                _synchronise(device)
                start = time.perf_counter()
                run()
                _synchronise(device)
                if i >= 2:  # the first runs warm up
                    seconds[name].append(time.perf_counter() - start)
    timings = []
    for name, _, macs in ways:
        lower, median, upper = (1000 * q for q in statistics.quantiles(seconds[name], n=4))
        timings.append(Timing(name, batch, median, lower, upper, macs))
    return timings


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
