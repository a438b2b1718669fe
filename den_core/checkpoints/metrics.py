"""metrics.json of a checkpoint: what was measured, on which split. Reading it checks every part, down to the numbers.

Shares and accuracies are fractions, differences of accuracies too; MACs and parameters are means per image.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from den_core.checkpoints.folder import SCHEMA_VERSION, read_json, write_json
from den_core.errors import CheckpointError, ConfigError
from den_core.fields import Range, check_fields
from den_core.policy import Policy
from den_core.typed_json import from_json, to_json

METRICS = "metrics.json"
BASELINE, NARROW, TWIN = "baseline", "narrow", "twin"
OF_OTHERS = (BASELINE, NARROW, TWIN)
"Operating points of metrics.json that other checkpoints are needed for."
AVERAGE = "average"
"Name of the mean over tasks, beside the tasks themselves."
LATER_METRICS: dict[str, Any] = {"static_lead": {}, "twin_lead": {}, "choice": {}, "by_cost_weight": []}
"Fields that older files lack altogether, with what stands in a newer one where such a part was not measured."

Count = Annotated[int, Range(0)]
UpTo600 = Annotated[int, Range(0, 600)]
Number = Annotated[float, Range(-math.inf, above=True)]
NotNegative = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]
Gap = Annotated[float, Range(-1, 1)]
Interval = tuple[Gap, Gap]
GapWithInterval = tuple[Gap, Gap, Gap]
"A difference and the limits of its 95 % interval."


class _Checked:
    def __post_init__(self) -> None:
        check_fields(self)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True)
class TaskResult(_Checked):
    """One task at one operating point.

    Args:
        distinct_structures: that the estimator ran.
        early: share of the images that the selector's head answered; None where no head could.
    """

    images: Count
    accuracy: Share
    class_accuracy: Share
    mean_macs: NotNegative
    mean_params: NotNegative
    distinct_structures: Count
    early: Share | None = None


@dataclass(frozen=True)
class AverageResult(_Checked):
    """An operating point on average; every task counts the same."""

    accuracy: Share
    class_accuracy: Share
    mean_macs: NotNegative
    early: Share | None = None


@dataclass(frozen=True)
class OperatingPoint(_Checked):
    """A way to pick structures, and what it reaches.

    Args:
        method: of `den_core.methods`.
        parameter: the cost weight, the level or the budget, where the method has one.
        tasks: results by task. MACs include the selector where it runs.
        structures: by task, of the static method.
        policy: of a stop of the dial.
    """

    method: str
    parameter: Number | None
    tasks: dict[str, TaskResult]
    average: AverageResult
    structures: dict[str, str] | None = None
    policy: Policy | None = None

    @property
    def results(self) -> dict[str, TaskResult | AverageResult]:
        """By task, AVERAGE last."""
        return {**self.tasks, AVERAGE: self.average}


@dataclass(frozen=True)
class Difference(_Checked):
    """Accuracy of one operating point minus that of another on the same images.

    Args:
        tasks, average: by task, and their mean.
        class_tasks, class_average: of the class-averaged accuracy.
        intervals: 95 % of the plain difference, paired over the images or, where several show one thing, over groups
            of them, by task and for AVERAGE; None in older files.
    """

    tasks: dict[str, Gap]
    average: Gap
    class_tasks: dict[str, Gap]
    class_average: Gap
    intervals: dict[str, Interval] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, (low, high) in (self.intervals or {}).items():
            _require(low <= high, f"expected a rising interval of {name}, found {low} to {high}")
        expected, found = {*self.tasks, AVERAGE}, set(self.intervals or {})
        _require(
            self.intervals is None or found == expected,
            f"expected intervals of {', '.join(sorted(expected))}, found them of {', '.join(sorted(found)) or 'none'}",
        )

    @property
    def values(self) -> dict[str, float]:
        """By task, AVERAGE last."""
        return {**self.tasks, AVERAGE: self.average}

    def with_interval(self, name: str) -> GapWithInterval:
        """The difference of a task or of AVERAGE with the limits of its interval, which must have been measured."""
        assert self.intervals is not None
        low, high = self.intervals[name]
        return self.values[name], low, high


@dataclass(frozen=True)
class CurveResult(_Checked):
    """The own choice at a cost weight beside its two controls.

    Args:
        own, permuted, static: accuracies.
        mean_macs: of own and permuted, selector included.
        static_macs: of the static structure.
        gain, lead: own minus permuted, own minus static.
    """

    own: Share
    permuted: Share
    static: Share
    mean_macs: NotNegative
    static_macs: NotNegative
    gain: GapWithInterval
    lead: GapWithInterval

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("gain", "lead"):
            _, low, high = getattr(self, name)
            _require(low <= high, f"expected a rising interval of {name}, found {low} to {high}")


@dataclass(frozen=True)
class TaskCurveResult(CurveResult):
    """The same for one task, with how many structures are in use and the share of the most common one."""

    distinct: Count
    top_share: Share


@dataclass(frozen=True)
class CostWeightRow(_Checked):
    """What is measured at one cost weight, by task and on average."""

    cost_weight: Number
    tasks: dict[str, TaskCurveResult]
    average: CurveResult

    @property
    def results(self) -> dict[str, CurveResult]:
        """By task, AVERAGE last."""
        return {**self.tasks, AVERAGE: self.average}


@dataclass(frozen=True)
class Variety(_Checked):
    """How varied the structures of some images are.

    Args:
        distinct: different structures.
        top_share: share of the images with the most common one.
        normalised_entropy: of the structures' shares, ÷ log of the number of images: 0 if all images share a
            structure, 1 if no two do.
    """

    distinct: Count
    top_share: Share
    normalised_entropy: Share


@dataclass(frozen=True)
class Choice(_Checked):
    """How varied the own choice is, by task."""

    tasks: dict[str, Variety]


@dataclass(frozen=True)
class RhoResult(_Checked):
    """The choices of a selector that was trained with another ρ: means over tasks, the selector's MACs included."""

    rho: NotNegative
    accuracy: Share
    share: NotNegative
    "Of the full model's MACs."
    distinct_per_600: UpTo600


SEED_METHODS = ("chosen", "permuted", "static", "random", "full")
"Methods whose accuracies a SeedResult holds."


@dataclass(frozen=True)
class SeedResult(_Checked):
    """What the same recipe reaches from one seed: accuracies and differences are means over tasks."""

    seed: Count
    chosen: Share
    permuted: Share
    static: Share
    random: Share
    full: Share
    mean_macs: NotNegative
    gain: Gap
    lead: Gap
    twin: Gap | None = None
    "Own choice minus the twin that never looks, where that was measured."


@dataclass(frozen=True)
class Metrics:
    """metrics.json: measured accuracies and costs, see `den_core.evaluation.evaluator` for how each came about.

    Args:
        split, seed: of the data that was measured on, and of what is random in it.
        operating_points: at least one; all of them, and all other parts, hold the same tasks.
        instance_gain: the own choice minus the permuted one.
        distinct_per_600: different structures in 600 images, an equal share of every task.
        static_lead: the own choice minus the best static structure.
        fixed_lead: the own choice minus the best fixed structure of any kind within its MACs.
        fixed_rival: which one that is.
        twin_lead: the own choice minus the twin that never looks.
        choice: how varied the structures in use are.
        by_cost_weight: the own choice and its controls at every cost weight, rising in MACs; 0 is one of them.
        selector_macs: by task.
        draws, weight_draws: how often the controls were drawn, at the own choice and at a cost weight.
        rho_sweep: see `den_core.experiments.sweep_rho`.
        rho_sweep_split: of its images; set where there is a sweep.
        rho_sweep_estimator: the state of the estimator that its selectors were trained on, in words.
        seeds: see `den_core.experiments.seeds`.
        extra: what this version does not know; kept as it is.
    """

    split: str
    seed: Count
    operating_points: tuple[OperatingPoint, ...]
    instance_gain: Difference
    distinct_per_600: UpTo600
    schema_version: Count = SCHEMA_VERSION
    static_lead: Difference | None = None
    fixed_lead: Difference | None = None
    fixed_rival: str = ""
    twin_lead: Difference | None = None
    choice: Choice | None = None
    by_cost_weight: tuple[CostWeightRow, ...] = ()
    selector_macs: dict[str, Count] | None = None
    draws: Count | None = None
    weight_draws: Count | None = None
    rho_sweep: tuple[RhoResult, ...] = ()
    rho_sweep_split: str = ""
    rho_sweep_estimator: str = ""
    seeds: tuple[SeedResult, ...] = ()
    extra: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self)
        _require(bool(self.operating_points), "expected at least one operating point, found none")
        for where, found in self._by_task():
            expected = ", ".join(self.tasks)
            _require(set(found) == set(self.tasks), f"{where}: expected the tasks {expected}, found {', '.join(found)}")
        weights = [row.cost_weight for row in self.by_cost_weight]
        is_dial = not weights or (0 in weights and len(set(weights)) == len(weights))
        _require(is_dial, f"by_cost_weight: expected different cost weights, 0 among them, found {weights}")
        has_split = bool(self.rho_sweep_split) or not self.rho_sweep
        _require(has_split, "rho_sweep_split: expected the split that rho_sweep was measured on, found none")

    def _by_task(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Everything that is measured by task, with its place."""
        for i, point in enumerate(self.operating_points):
            yield f"operating_points[{i}]", point.tasks
        for i, row in enumerate(self.by_cost_weight):
            yield f"by_cost_weight[{i}]", row.tasks
        for name in ("instance_gain", "static_lead", "fixed_lead", "twin_lead", "choice"):
            if (part := getattr(self, name)) is not None:
                yield name, part.tasks

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.operating_points[0].tasks)

    def check_tasks(self, expected: Collection[str]) -> None:
        """CheckpointError unless these are the tasks of the network."""
        if set(self.tasks) != set(expected):
            wanted, found = ", ".join(expected), ", ".join(self.tasks)
            raise CheckpointError(f"{METRICS}: expected the tasks {wanted}, found {found}; run evaluate again")

    def find_point(self, method: str) -> OperatingPoint | None:
        """The first operating point of a method; None where it was not measured."""
        return next((point for point in self.operating_points if point.method == method), None)

    def point(self, method: str) -> OperatingPoint:
        """The same. CheckpointError if it was not measured."""
        found = self.find_point(method)
        if found is None:
            raise CheckpointError(
                f"expected an operating point {method!r} in {METRICS}, found none; run evaluate again"
            )
        return found


def write_metrics(folder: Path | str, metrics: Metrics, name: str = METRICS) -> None:
    """Write metrics as JSON, under the name that a checkpoint gives them or another one."""
    value = to_json(metrics)
    extra = value.pop("extra")
    is_newer = any(value.get(field) for field in LATER_METRICS)
    written = {}
    for f in dataclasses.fields(metrics):
        part = value.get(f.name)
        if f.name in LATER_METRICS and is_newer:
            written[f.name] = part or LATER_METRICS[f.name]
        elif part not in (None, "", []):
            written[f.name] = part
    write_json(Path(folder) / name, written | extra)


def read_metrics(folder: Path | str) -> Metrics | None:
    """metrics.json, or None where there is none.

    Raises:
        CheckpointError: it cannot be read, or a part of it is missing or malformed; the message has the path of that
            part.
    """
    path = Path(folder) / METRICS
    if not path.is_file():
        return None
    raw = read_json(path)
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise CheckpointError(
            f"{path}: expected schema_version up to {SCHEMA_VERSION}, found {version}; update den_core"
        )
    try:
        return _metrics(raw)
    except ConfigError as error:
        again = f"run `den evaluate {folder} --write` again"
        raise CheckpointError(f"{path}: {error}; {again}") from error


def _metrics(raw: Any) -> Metrics:
    if not isinstance(raw, dict):
        raise ConfigError(f"expected an object, found {raw!r:.80}")
    if "schema_version" not in raw:
        raise ConfigError("missing field schema_version")
    known = {f.name for f in dataclasses.fields(Metrics)} - {"extra"}
    extra = {name: part for name, part in raw.items() if name not in known}
    unmeasured = [name for name, empty in LATER_METRICS.items() if raw.get(name) == empty]
    measured = {name: raw[name] for name in raw if name in known and name not in unmeasured}
    return from_json(Metrics, measured | {"extra": extra})


def require_metrics(folder: Path | str) -> Metrics:
    """metrics.json of a checkpoint that was evaluated. CheckpointError if it was not, or cannot be read."""
    metrics = read_metrics(folder)
    if metrics is None:
        raise CheckpointError(
            f"expected {Path(folder) / METRICS}, found none; `den evaluate {folder} --write` makes it"
        )
    return metrics
