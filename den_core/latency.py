"""What the dial costs in time on this machine: from a wished latency to the cost weight that meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from den_core.data.transforms import normalise
from den_core.errors import ConfigError
from den_core.inference.calibration import Calibration
from den_core.inference.network import DeepElasticNetwork
from den_core.measuring import EvaluationSet
from den_core.runtime.stopwatch import quartiles, take_turns

POINTS = 8
"Shares of MACs at which the time is taken, evenly spread over what the dial reaches."
IMAGES = 64
"Validation images of every task that a timing covers."
REPEATS = 7


@dataclass(frozen=True)
class LatencyCalibration:
    """Cost weights, falling, and the time that they take, rising; of one machine, at one batch size.

    Args:
        cost_weights: as `DeepElasticNetwork.choose` takes them.
        milliseconds: per image, selector included, median of several runs, mean over tasks.
        batch: images that run together.
    """

    cost_weights: tuple[float, ...]
    milliseconds: tuple[float, ...]
    batch: int

    def cost_weight(self, milliseconds: float) -> float:
        """The cost weight at which an image takes that long on average.

        Raises:
            ConfigError: a time that the dial does not reach here; the message names what it reaches.
        """
        low, high = self.milliseconds[0], self.milliseconds[-1]
        if not low <= milliseconds <= high:
            raise ConfigError(
                f"expected a latency from {low:.3g} to {high:.3g} ms per image, which is what the choices of this "
                f"network take on this machine in batches of {self.batch}, found {milliseconds:g}"
            )
        return float(np.interp(milliseconds, self.milliseconds, self.cost_weights))


def calibrate_latency(
    net: DeepElasticNetwork, validation: dict[str, EvaluationSet], calibration: Calibration, batch: int
) -> LatencyCalibration:
    """Time the choices of a network along its dial, selector included.

    Args:
        validation: images by task.
        calibration: of the same network; it says which cost weights are worth timing.
        batch: images that run together.

    Raises:
        ConfigError: a batch of no image.
    """
    if batch < 1:
        raise ConfigError(f"expected a batch of at least one image, found {batch}")
    shares = np.linspace(calibration.shares[0], calibration.shares[-1], POINTS)
    weights = [calibration.cost_weight(float(share)) for share in shares]
    found = np.zeros(POINTS)
    for data in validation.values():
        x = normalise(data.images[: max(IMAGES, batch)].to(net.device), data.task)
        ways = {str(i): _runner(net, data.task.name, x, weight, batch) for i, weight in enumerate(weights)}
        with torch.inference_mode():
            taken = take_turns(ways, REPEATS, net.device)
        found += [1000 * quartiles(taken[name])[1] / len(x) for name in ways]
    # more work cannot take less time: where it seems to, the clock was disturbed
    rising = np.maximum.accumulate(found / len(validation))
    return LatencyCalibration(tuple(weights), tuple(rising.tolist()), batch)


def _runner(net: DeepElasticNetwork, task: str, x: Tensor, weight: float, batch: int) -> Callable[[], None]:
    def run() -> None:
        for part in x.split(batch):
            net.classify(part, task, net.choose(net.model_distribution(part, task), weight))

    return run
