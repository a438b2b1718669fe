"""Operating points: planned, measured together, and compared with each other image by image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from den_core.checkpoints.metrics import (
    AVERAGE,
    AverageResult,
    CostWeightRow,
    CurveResult,
    Difference,
    OperatingPoint,
    TaskCurveResult,
    TaskResult,
)
from den_core.evaluation.intervals import paired_intervals
from den_core.evaluation.measuring import EvaluationSet, answers, as_run, choice_statistics, decided, task_result
from den_core.inference.network import DeepElasticNetwork
from den_core.policy import Policy

Key = TypeVar("Key", bound=Hashable)
DIAL = "dial"
"The method of operating points that are stops of the dial."


@dataclass(frozen=True, eq=False)
class Point:
    """An operating point before it is measured.

    Args:
        method, parameter: as in metrics.json.
        draws: structures by task, int64 (N, S, n): S draws of which the mean counts.
        with_selector: whether the selector is part of its cost.
        early: which of the draws the selector's head answers, by task, bool (N, S); None where it answers none.
        structures: by task, as its row in metrics.json names them; of the static method.
        policy: as its row names it; of a stop of the dial.
    """

    method: str
    parameter: float | None
    draws: dict[str, Tensor]
    with_selector: bool
    early: dict[str, Tensor] | None = None
    structures: dict[str, str] | None = None
    policy: Policy | None = None

    def answered(self, task: str) -> Tensor:
        """Which draws of a task the head answers, bool (N, S)."""
        if self.early is None:
            return torch.zeros(self.draws[task].shape[:2], dtype=torch.bool)
        return self.early[task]

    def ran(self, task: str) -> Tensor:
        """What ran in the first draw, see `measuring.as_run`."""
        return as_run(self.draws[task][:, 0], self.answered(task)[:, 0])


@dataclass(frozen=True, eq=False)
class Outcome:
    """A measured operating point: its results by task, and the share of draws that got each image right, (N,)."""

    point: Point
    results: dict[str, TaskResult]
    hits: dict[str, Tensor]

    @property
    def row(self) -> OperatingPoint:
        """As metrics.json holds it."""
        point = self.point
        return operating_point(point.method, point.parameter, self.results, point.structures, point.policy)


def operating_point(
    method: str,
    parameter: float | None,
    results: dict[str, TaskResult],
    structures: dict[str, str] | None = None,
    policy: Policy | None = None,
) -> OperatingPoint:
    """A row of metrics.json; the average counts every task equally."""
    keys = ("accuracy", "class_accuracy", "mean_macs")
    average = {key: float(np.mean([getattr(result, key) for result in results.values()])) for key in keys}
    answered = [result.early for result in results.values() if result.early is not None]
    early = float(np.mean(answered)) if answered else None
    return OperatingPoint(method, parameter, dict(results), AverageResult(**average, early=early), structures, policy)


def policy_point(
    net: DeepElasticNetwork,
    data: dict[str, EvaluationSet],
    policy: Policy,
    method: str,
    parameter: float | None = None,
) -> Point:
    """The operating point of a policy, which its row names where it is a stop of the dial."""
    choices = {name: decided(net, images, policy) for name, images in data.items()}
    draws = {name: choice.structure[:, None] for name, choice in choices.items()}
    answers_early = net.early_rule is not None and policy.looks
    early = {name: choice.early[:, None] for name, choice in choices.items()} if answers_early else None
    return Point(method, parameter, draws, policy.looks, early, policy=policy if method == DIAL else None)


def measure_points(
    net: DeepElasticNetwork,
    data: dict[str, EvaluationSet],
    points: dict[Key, Point],
    report: Callable[[str], None] = lambda line: None,
) -> dict[Key, Outcome]:
    """Measure points together: what the structures of an image have in common is computed once for all of them.

    Args:
        report: called with a line from time to time.
    """
    results: dict[Key, dict[str, TaskResult]] = {key: {} for key in points}
    hits: dict[Key, dict[str, Tensor]] = {key: {} for key in points}
    for name, images in data.items():
        draws = [point.draws[name] for point in points.values()]
        right = answers(net, images, torch.cat(draws, 1), _progress(name, len(images.labels), report))
        parts = right.split([z.shape[1] for z in draws], 1)
        for (key, point), z, part in zip(points.items(), draws, parts, strict=True):
            early = None if point.early is None else point.early[name]
            if early is not None:
                part = torch.where(early, images.head_right[:, None], part)
            results[key][name] = task_result(net, images, z, part, point.with_selector, early)
            hits[key][name] = part.double().mean(1)
    return {key: Outcome(point, results[key], hits[key]) for key, point in points.items()}


def _progress(name: str, images: int, report: Callable[[str], None]) -> Callable[[int], None]:
    """Reports about every tenth of a task's images, or every thousand if that is less often."""
    step = max(1000, images // 10)
    reported = 0

    def progress(done: int) -> None:
        nonlocal reported
        if done // step > reported or done == images:
            reported = done // step
            report(f"{name}: {done:,} of {images:,} images")

    return progress


def difference(a: Outcome, b: Outcome, seed: int, groups: Mapping[str, Tensor | None] | None = None) -> Difference:
    """Accuracy of a minus that of b on the same images, with intervals (see `intervals.paired_intervals`).

    Args:
        groups: by task, see `EvaluationSet`.
    """
    found: dict[str, Any] = {}
    for key, prefix in (("accuracy", ""), ("class_accuracy", "class_")):
        values = {name: getattr(result, key) - getattr(b.results[name], key) for name, result in a.results.items()}
        found |= {f"{prefix}tasks": values, f"{prefix}average": float(np.mean(list(values.values())))}
    paired = {name: (hits - b.hits[name]).numpy() for name, hits in a.hits.items()}
    sampled = {name: part.numpy() for name, part in (groups or {}).items() if part is not None}
    return Difference(**found, intervals=paired_intervals(paired, seed, groups=sampled))


def cost_weight_row(
    weight: float,
    own: Outcome,
    permuted: Outcome,
    static: Outcome,
    seed: int,
    groups: Mapping[str, Tensor | None] | None = None,
) -> CostWeightRow:
    """The choices at a cost weight beside their two controls, as a row of by_cost_weight in metrics.json."""
    gain, lead = difference(own, permuted, seed, groups), difference(own, static, seed, groups)

    tasks = {}
    for name in own.results:
        varied = choice_statistics(own.point.ran(name))
        tasks[name] = TaskCurveResult(
            own=own.results[name].accuracy,
            permuted=permuted.results[name].accuracy,
            static=static.results[name].accuracy,
            mean_macs=own.results[name].mean_macs,
            static_macs=static.results[name].mean_macs,
            gain=gain.with_interval(name),
            lead=lead.with_interval(name),
            distinct=varied.distinct,
            top_share=varied.top_share,
        )

    def mean(key: str) -> float:
        return float(np.mean([getattr(row, key) for row in tasks.values()]))

    average = CurveResult(
        own=mean("own"),
        permuted=mean("permuted"),
        static=mean("static"),
        mean_macs=mean("mean_macs"),
        static_macs=mean("static_macs"),
        gain=gain.with_interval(AVERAGE),
        lead=lead.with_interval(AVERAGE),
    )
    return CostWeightRow(weight, tasks, average)
