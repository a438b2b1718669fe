"""What a checkpoint keeps of its validation images: when its head answers early, and the stops of its dial.

Measured once, so that one network serves every budget without training and without images at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from den_core.checkpoints.folder import read_json, write_json
from den_core.errors import CheckpointError, ConfigError
from den_core.fields import Range, check_fields
from den_core.inference.early import EarlyRule
from den_core.policy import Policy
from den_core.typed_json import from_json, to_json

FILE = "calibration.json"
Spent = Annotated[float, Range(0)]
Accuracy = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class Unit:
    """What a stop's cost is counted in, in the words of an error.

    Args:
        budget: what is asked for, such as "a budget".
        amount: what follows its number.
        least: what needs the least of it.
        digits: how a limit is written, as a format.
    """

    budget: str
    amount: str
    least: str
    digits: str


SHARE = Unit("a budget", "of the full model's MACs", "the cheapest stop of this network's dial spends", ".3f")
"Mean share of the full model's MACs, of everything that runs; it can exceed 1 by the selector's own."


def milliseconds(batch: int) -> Unit:
    """Time per image on one machine, of everything that runs, where so many images run together."""
    least = f"the fastest stop of this network's dial takes on this machine in batches of {batch}"
    return Unit("a latency", "ms per image", least, ".3g")


@dataclass(frozen=True)
class Stop:
    """An operating point of the dial.

    Args:
        policy: how structures and early answers are picked there.
        spent: on average over tasks, of validation images; in the unit of the dial.
        accuracy: of validation images, mean over tasks, with static structures that were found on others of them; None
            in a file from before it was kept.
    """

    policy: Policy
    spent: Spent
    accuracy: Accuracy | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Calibration:
    """A network's dial and its rule of early answers.

    Args:
        stops: rising in what they spend; none is clearly less accurate than a cheaper one.
        images: validation images that they were measured on.
        early: when the head answers; None where it never does.
        unit: of what the stops spend.
    """

    stops: tuple[Stop, ...]
    images: int
    early: EarlyRule | None = None
    unit: Unit = SHARE

    def within(self, budget: float) -> Policy:
        """The best policy that spends no more than a budget, on average over tasks.

        Raises:
            ConfigError: a budget below the cheapest stop's, early answers included; the message names the range.
        """
        affordable = [stop for stop in self.stops if stop.spent <= budget]
        if not affordable:
            unit, low, high = self.unit, self.stops[0].spent, self.stops[-1].spent
            raise ConfigError(
                f"expected {unit.budget} of at least {low:{unit.digits}} {unit.amount}, which is what {unit.least}, "
                f"found {budget:g}; the stops reach from {low:{unit.digits}} to {high:{unit.digits}}"
            )
        return affordable[-1].policy


@dataclass(frozen=True)
class _Stored:
    """A calibration in shares as its file has it."""

    stops: tuple[Stop, ...]
    images: Annotated[int, Range(0)]
    early: EarlyRule | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        spent = [stop.spent for stop in self.stops]
        if not spent or not all(a < b for a, b in pairwise(spent)):
            raise ConfigError("expected stops with rising shares, found others")


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Put a calibration in shares into a checkpoint's folder."""
    write_json(folder / FILE, to_json(_Stored(calibration.stops, calibration.images, calibration.early)))


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of a checkpoint's folder, or None where it has none. CheckpointError if it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = from_json(_Stored, read_json(path), upgrades={_Stored: _upgraded})
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}; `den evaluate {path.parent} --write` makes it again") from error
    return Calibration(found.stops, found.images, found.early)


def _upgraded(value: dict[str, Any], where: str) -> dict[str, Any]:
    """Before early answers, a calibration held cost weights and the shares that they spend."""
    if not {"cost_weights", "shares"} <= set(value):
        return value
    weights, shares = value["cost_weights"], value["shares"]
    if not isinstance(weights, list) or not isinstance(shares, list) or len(weights) != len(shares):
        raise ConfigError("expected a cost weight for each of several rising shares, found others")
    stops = [{"policy": {"cost_weight": weight}, "spent": share} for weight, share in zip(weights, shares, strict=True)]
    rest = {key: part for key, part in value.items() if key not in ("cost_weights", "shares")}
    return rest | {"stops": stops}
