"""A stopwatch: what the chosen structures cost in time, beside the full model, in one run on one machine."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from den_core.checkpoints.folder import CheckpointInfo
from den_core.data.arrays import load_task
from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.evaluation.controls import random_draws
from den_core.inference.network import DeepElasticNetwork
from den_core.models.static import ExtractedNetwork
from den_core.recipes import recipe_with
from den_core.runtime.devices import check_device, device_name
from den_core.runtime.memory import peak_memory
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.structures import full_structure
from den_core.training.setup import build_networks

FULL = "full model"
FULL_HERE = "full model, dispatched"
OWN = "dispatched"
ALL = "selector + dispatched"
EARLY = "with early answers"
"The selector, then the dispatched estimator for what the selector's head does not answer."
IMAGES = 64
"Images that one timing covers at least: small batches run one after another, as one image's structure says little."


@dataclass(frozen=True)
class Timing:
    """One way to run batches of one size.

    Args:
        way: what ran.
        batch: images in a batch.
        median_ms, lower_ms, upper_ms: milliseconds per image over the repeats: median and quartiles.
        mean_macs: per image, of everything that ran: the estimator, the selector or both.
        mac_ratio, time_ratio: of the full model's as a plain network.
        strict_time_ratio: of the full model's time where it is fastest: as a plain network, or through the code that
            runs the chosen structures.
        peak_bytes: the most memory that tensors take at once, the network and its input left out.
    """

    way: str
    batch: int
    median_ms: float
    lower_ms: float
    upper_ms: float
    mean_macs: float
    mac_ratio: float
    time_ratio: float
    strict_time_ratio: float
    peak_bytes: int

    @property
    def efficiency(self) -> float:
        """Of the time that the saved MACs promise, how much was saved: MAC ratio ÷ time ratio; 1 is proportional."""
        return self.mac_ratio / self.time_ratio

    @property
    def strict_efficiency(self) -> float:
        """The same with the strict time ratio: nothing of it comes from faster code for the same work."""
        return self.mac_ratio / self.strict_time_ratio


@dataclass(frozen=True)
class BenchmarkResult:
    """Timings with what they were taken on."""

    machine: str
    threads: int
    precision: str
    torch_version: str
    network: str
    task: str
    repeats: int
    timings: list[Timing]

    def record(self) -> dict:
        """Everything for JSON, the efficiencies too."""
        worth = [{"efficiency": t.efficiency, "strict_efficiency": t.strict_efficiency} for t in self.timings]
        whole = dataclasses.asdict(self)
        return whole | {"timings": [t | w for t, w in zip(whole["timings"], worth, strict=True)]}

    def table(self) -> str:
        """Text: a row per batch size and way."""
        rows = [
            {
                "batch": t.batch,
                "run": t.way,
                "ms/image": f"{t.median_ms:.3f}",
                "quartiles": f"{t.lower_ms:.3f}-{t.upper_ms:.3f}",
                "images/s": f"{1000 / t.median_ms:.0f}",
                "MAC ratio": f"{t.mac_ratio:.3f}",
                "time ratio": f"{t.time_ratio:.3f}",
                "efficiency": f"{t.efficiency:.2f}",
                "strict": f"{t.strict_efficiency:.2f}",
                "peak MB": f"{t.peak_bytes / 1e6:.1f}",
            }
            for t in self.timings
        ]
        head = f"{self.network}, task {self.task}, {self.precision}, {self.repeats} repeats"
        machine = f"{self.machine}, {self.threads} threads, torch {self.torch_version}"
        return f"{head}\n{machine}\n{pd.DataFrame(rows).to_string(index=False)}"


def benchmark(
    net: DeepElasticNetwork,
    task: str,
    batches: Sequence[int],
    repeats: int,
    images: Tensor | None = None,
    structures: Tensor | None = None,
) -> BenchmarkResult:
    """Time the full model, masked and dispatched execution, the selector, and selector and dispatch together.

    Those once more with early answers, where the network gives any and no structures are given. The ways take turns, so
    that a busy machine slows all of them alike.

    Args:
        net: in the precision that it was loaded in.
        batches: images of a batch.
        repeats: timings of every way.
        images: (N, 3, size, size) to run instead of the first test images of the task.
        structures: (N, n) of them instead of the selector's choice, which is then timed but not followed.

    Raises:
        ConfigError: fewer than two repeats, or a batch of no image or of more than there are.
    """
    if min(batches) < 1:
        raise ConfigError(f"expected batches of at least one image, found {min(batches)}")
    x = images if images is not None else _test_images(net, task, max(IMAGES, *batches))
    if max(batches) > len(x):
        raise ConfigError(f"expected batches of up to {len(x)} images, as many as there are, found {max(batches)}")
    x = x.to(net.device, net.dtype, memory_format=torch.channels_last)
    z = net.choose(net.model_distribution(x, task)) if structures is None else structures.to(net.device)
    net = net if structures is None else net.calibrated(None)
    timings = [t for B in batches for t in _time_batches(net, task, x, z, B, repeats)]
    return BenchmarkResult(
        device_name(net.device),
        torch.get_num_threads(),
        str(net.dtype).removeprefix("torch."),
        torch.__version__,
        net.config.backbone.name,
        task,
        repeats,
        timings,
    )


def benchmark_untrained(
    name: str,
    share: float,
    task: str | None,
    batches: Sequence[int],
    repeats: int,
    device: str,
    precision: str,
    seed: int = 0,
) -> BenchmarkResult:
    """What a recipe's network would save on this machine, before any training: random images and structures.

    Every image has a structure of its own, drawn independently for every block, which is the hardest case for grouping.

    Args:
        name: of the recipe.
        share: mean MACs of the structures, selector left out, of the full model's.
        seed: of weights, images and structures.

    Raises:
        ConfigError: as `benchmark`, or a share that no structure has.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"expected a share of the full MACs above 0 and up to 1, found {share:g}")
    chosen = recipe_with(name, seed=seed)
    check_device(device)
    estimator, selector = build_networks(chosen)
    net = DeepElasticNetwork(estimator, selector, CheckpointInfo(network=chosen.network), device, precision)
    task = task or net.tasks[0]
    size, count = net.task(task).size, max(IMAGES, *batches)
    generator = torch.Generator().manual_seed(chosen.seed)
    images = torch.randn(count, 3, size, size, generator=generator)
    macs = share * float(net.full_cost(task).macs[0])
    structures = random_draws(net, task, macs, count, 1, chosen.seed)[0]
    return benchmark(net, task, batches, repeats, images, structures)


def _test_images(net: DeepElasticNetwork, task: str, count: int) -> Tensor:
    arrays = load_task(net.task(task), "test", limit=count)
    return normalise(torch.from_numpy(arrays.images).to(net.device), net.task(task))


def _time_batches(net: DeepElasticNetwork, task: str, x: Tensor, z: Tensor, batch: int, repeats: int) -> list[Timing]:
    count = max(1, min(IMAGES, len(x)) // batch)
    parts = [slice(i * batch, (i + 1) * batch) for i in range(count)]
    used = slice(0, count * batch)
    given = [(x[part].contiguous(memory_format=torch.channels_last), z[part]) for part in parts]
    ways = _ways(net, task)
    total, chosen = net.full_cost(task), net.cost(z[used].cpu(), task)
    own, whole = float(chosen.macs.double().mean()), float(chosen.total_macs.double().mean())
    full = float(total.macs[0])
    macs = {FULL: full, FULL_HERE: full, "masked": own, OWN: own, "selector": whole - own, ALL: whole}
    if EARLY in ways:
        macs[EARLY] = float(net.answer(x[used], task).total_macs.double().mean())

    def over_parts(run: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], None]:
        def over() -> None:
            for images, structures in given:
                run(images, structures)

        return over

    with torch.inference_mode():
        peaks = {name: peak_memory(functools.partial(run, *given[0]), net.device) for name, run in ways.items()}
        seconds = take_turns({name: over_parts(run) for name, run in ways.items()}, repeats, net.device)
    times = {name: tuple(1000 * q / (batch * count) for q in quartiles(taken)) for name, taken in seconds.items()}
    plain, fastest = times[FULL][1], min(times[FULL][1], times[FULL_HERE][1])
    return [
        Timing(
            name,
            batch,
            median,
            lower,
            upper,
            macs[name],
            macs[name] / full,
            median / plain,
            median / fastest,
            peaks[name],
        )
        for name, (lower, median, upper) in times.items()
    ]


def _ways(net: DeepElasticNetwork, task: str) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """By name, how a batch and its structures are run."""
    full = full_structure(1, net.num_blocks, net.num_levels)
    plain = ExtractedNetwork(net.estimator, full[0], task).to(net.dtype)
    masked = copy.deepcopy(net.estimator).to(net.dtype).to(memory_format=torch.channels_last)

    def choose(x: Tensor, z: Tensor) -> Tensor:
        return net.choose(net.model_distribution(x, task))

    ways = {
        FULL: lambda x, z: plain(x),
        FULL_HERE: lambda x, z: net.classify(x, task, full.expand(len(x), -1)),
        "masked": lambda x, z: masked.classify(x, z, task),
        OWN: lambda x, z: net.classify(x, task, z),
        "selector": choose,
        ALL: lambda x, z: (choose(x, z), net.classify(x, task, z))[1],
    }
    return ways if net.early_rule is None else ways | {EARLY: lambda x, z: net.answer(x, task).logits}
