"""The dial: from a wished share of the full model's MACs, or a latency, to the cost weight that meets it.

Found on validation images, so that one network serves every budget without training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from den_core.checkpoints.metrics import AVERAGE
from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.evaluation.measuring import EvaluationSet, measure
from den_core.evaluation.static_search import TRIALS, Budget, best_statics
from den_core.inference.calibration import Calibration, milliseconds
from den_core.inference.network import DeepElasticNetwork
from den_core.runtime.stopwatch import quartiles, take_turns
from den_core.structure_keys import structure_key

STEPS = 40
"Shares at which a calibration is measured, evenly spread over what the dial reaches."
LIMIT = 500.0
"Nats per full block's MACs: at this cost weight, and at minus it, all images take the cheapest or most expensive one."
POINTS = 8
"Shares of MACs at which the time is taken, evenly spread over what the dial reaches."
IMAGES = 64
"Validation images of every task that a timing covers."
REPEATS = 7


def weight_for_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], mean_macs: float) -> float:
    """The cost weight at which the mean over tasks of the total MACs comes nearest to a goal from below."""
    low, high = -LIMIT, LIMIT
    for _ in range(60):
        middle = (low + high) / 2
        if mean_total_macs(net, data, middle) > mean_macs:
            low = middle
        else:
            high = middle
    return high


def mean_total_macs(net: DeepElasticNetwork, data: dict[str, EvaluationSet], cost_weight: float) -> float:
    """Mean over tasks of the MACs per image, selector included, at a cost weight."""
    means = [
        float(net.cost(net.choose(d.distribution, cost_weight), name).total_macs.double().mean())
        for name, d in data.items()
    ]
    return float(np.mean(means))


def mean_full_macs(net: DeepElasticNetwork, tasks: Iterable[str]) -> float:
    """Mean over tasks of the full model's MACs per image."""
    return float(np.mean([float(net.full_cost(name).macs[0]) for name in tasks]))


def weights_for_shares(net: DeepElasticNetwork, data: dict[str, EvaluationSet], shares: Sequence[float]) -> list[float]:
    """The cost weights, rising, at which the mean total MACs come to shares of the full model's.

    A share below what the cheapest or above what the most expensive structures need has none.
    """
    full = mean_full_macs(net, data)
    found = [(share * full, weight_for_macs(net, data, share * full)) for share in shares]
    weights = [weight for goal, weight in found if abs(mean_total_macs(net, data, weight) / goal - 1) < 0.1]
    return sorted({round(weight, 6) for weight in weights})


def calibrate(net: DeepElasticNetwork, validation: dict[str, EvaluationSet], steps: int = STEPS) -> Calibration:
    """Measure a network's calibration on validation images."""
    full = mean_full_macs(net, validation)
    ends = [mean_total_macs(net, validation, weight) / full for weight in (LIMIT, -LIMIT)]
    found = {ends[0]: LIMIT, ends[1]: -LIMIT}
    for goal in np.linspace(ends[0], ends[1], steps + 2)[1:-1]:
        weight = weight_for_macs(net, validation, goal * full)
        found[mean_total_macs(net, validation, weight) / full] = weight
    shares = sorted(found)
    return Calibration(
        tuple(found[share] for share in shares), tuple(shares), sum(len(d.labels) for d in validation.values())
    )


def calibrate_latency(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], calibration: Calibration, batch: int
) -> Calibration:
    """Time the choices of a network along its dial, selector included.

    Args:
        validation: images by task.
        calibration: of the same network in shares; it says which cost weights are worth timing.
        batch: images that run together.

    Returns:
        Milliseconds per image, median of several runs, mean over tasks.

    Raises:
        ConfigError: a batch of no image.
    """
    if batch < 1:
        raise ConfigError(f"expected a batch of at least one image, found {batch}")
    shares = np.linspace(calibration.spent[0], calibration.spent[-1], POINTS)
    weights = [calibration.cost_weight(float(share)) for share in shares]
    found, timed = np.zeros(POINTS), 0
    for data in validation.values():
        x = normalise(data.images[: max(IMAGES, batch)].to(net.device), data.task)
        ways = {str(i): _runner(net, data.task.name, x, weight, batch) for i, weight in enumerate(weights)}
        with torch.inference_mode():
            taken = take_turns(ways, REPEATS, net.device)
        found += [1000 * quartiles(taken[name])[1] / len(x) for name in ways]
        timed += len(x)
    # more work cannot take less time: where it seems to, the clock was disturbed
    rising = np.maximum.accumulate(found / len(validation))
    return Calibration(tuple(weights), tuple(rising.tolist()), timed, milliseconds(batch))


def _runner(net: DeepElasticNetwork, task: str, x: Tensor, weight: float, batch: int) -> Callable[[], None]:
    def run() -> None:
        for part in x.split(batch):
            net.classify(part, task, net.choose(net.model_distribution(part, task), weight))

    return run


def within_share(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], data: dict[str, EvaluationSet], share: float
) -> pd.DataFrame:
    """What a network does at a share of the full model's MACs, selector included; see `at_cost_weight`.

    Args:
        validation: images on which the cost weight is found.

    Raises:
        ConfigError: a share out of reach; the message names the reachable range.
    """
    return at_cost_weight(net, data, calibrate(net, validation).cost_weight(share))


def within_latency(
    net: DeepElasticNetwork,
    validation: dict[str, EvaluationSet],
    data: dict[str, EvaluationSet],
    latency: float,
    batch: int,
) -> pd.DataFrame:
    """What a network does when an image may take so long on this machine, selector included; see `at_cost_weight`.

    Args:
        latency: milliseconds per image.
        validation: images on which the cost weight is found.
        batch: images that run together.

    Raises:
        ConfigError: a time out of reach; the message names the reachable range.
    """
    dial = calibrate_latency(net, validation, calibrate(net, validation), batch)
    return at_cost_weight(net, data, dial.cost_weight(latency))


def at_cost_weight(net: DeepElasticNetwork, data: dict[str, EvaluationSet], weight: float) -> pd.DataFrame:
    """A row per task and their average: accuracy, class_accuracy, share of the full MACs (fractions), cost_weight."""
    rows = {}
    for name, images in data.items():
        found = measure(net, images, net.choose(images.distribution, weight), with_selector=True)
        full = float(net.full_cost(name).macs[0])
        rows[name] = {
            "accuracy": found.accuracy, "class_accuracy": found.class_accuracy, "share": found.mean_macs / full
        }  # fmt: skip
    frame = pd.DataFrame(rows).T
    return pd.concat([frame, frame.mean().rename(AVERAGE).to_frame().T]).assign(cost_weight=weight)


def best_static(net: DeepElasticNetwork, validation: EvaluationSet, share: float, seed: int = 0) -> str:
    """The best static structure of a task within a share of the full model's MACs, one digit per block.

    Raises:
        ConfigError: a share below the cheapest structure's or above 1; the message names the reachable range.
    """
    name = validation.task.name
    full = float(net.full_cost(name).macs[0])
    if not 0 < share <= 1:
        raise ConfigError(f"expected a budget above 0 and up to 1 of the full model's MACs, found {share:g}")
    return structure_key(best_statics(net, validation, [Budget(share * full, TRIALS)], seed)[0])
