"""What the dial costs: from a wished share of the full model's MACs, or a latency, to the cost weight that spends it.

In shares it is measured on validation images once and kept with the checkpoint, so that one network serves every budget
without training and without images at hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np

from den_core.checkpoints.folder import read_json, write_json
from den_core.errors import CheckpointError, ConfigError
from den_core.fields import Range, check_fields
from den_core.typed_json import from_json

FILE = "calibration.json"


@dataclass(frozen=True)
class Unit:
    """What a choice's cost is counted in, in the words of an error.

    Args:
        budget: what is asked for, such as "a latency".
        amount: what follows its number.
        met: how the choices of a network meet it.
        digits: how a limit is written, as a format.
    """

    budget: str
    amount: str
    met: str
    digits: str


SHARE = Unit("a budget", "of the full model's MACs", "reach with the selector included", ".3f")
"Mean share of the full model's MACs, selector included; it can exceed 1 by the selector's own."


def milliseconds(batch: int) -> Unit:
    """Time per image on one machine, selector included, where so many images run together."""
    return Unit("a latency", "ms per image", f"take on this machine in batches of {batch}", ".3g")


@dataclass(frozen=True)
class Calibration:
    """Cost weights, falling, and what they spend, rising.

    Args:
        cost_weights: as `DeepElasticNetwork.choose` takes them.
        spent: on average over tasks.
        images: validation images that it was measured on.
        unit: of `spent`.
    """

    cost_weights: tuple[float, ...]
    spent: tuple[float, ...]
    images: int
    unit: Unit = SHARE

    def cost_weight(self, budget: float) -> float:
        """The cost weight that spends a budget, selector included, on average over tasks.

        Raises:
            ConfigError: a budget that the dial does not reach; the message names what it reaches.
        """
        low, high, unit = self.spent[0], self.spent[-1], self.unit
        if not low <= budget <= high:
            raise ConfigError(
                f"expected {unit.budget} from {low:{unit.digits}} to {high:{unit.digits}} {unit.amount}, which is what "
                f"the choices of this network {unit.met}, found {budget:g}"
            )
        return float(np.interp(budget, self.spent, self.cost_weights))


@dataclass(frozen=True)
class _Stored:
    """A calibration in shares as its file has it."""

    cost_weights: tuple[Annotated[float, Range(-math.inf, above=True)], ...]
    shares: tuple[Annotated[float, Range(0)], ...]
    images: Annotated[int, Range(0)]

    def __post_init__(self) -> None:
        check_fields(self)
        rising = len(self.shares) >= 2 and all(a < b for a, b in pairwise(self.shares))
        if not rising or len(self.shares) != len(self.cost_weights):
            raise ConfigError("expected a cost weight for each of several rising shares, found others")


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put a calibration in shares into a checkpoint's folder."""
    value = {"cost_weights": calibration.cost_weights, "shares": calibration.spent, "images": calibration.images}
    write_json(folder / FILE, value)


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of a checkpoint's folder, or None where it has none. CheckpointError if it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = from_json(_Stored, read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}; `den evaluate {path.parent} --write` makes it again") from error
    return Calibration(found.cost_weights, found.shares, found.images)
