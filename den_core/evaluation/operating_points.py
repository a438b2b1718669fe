"""Operating points: planned, measured together, and compared with each other image by image."""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
from den_core.evaluation.measuring import EvaluationSet, answers, choice_statistics, task_result
from den_core.inference.network import DeepElasticNetwork

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Point:
    """An operating point before it is measured.

    Args:
        method, parameter: as in metrics.json.
        draws: structures by task, int64 (N, S, n): S draws of which the mean counts.
        with_selector: whether the selector is part of its cost.
        structures: by task, as its row in metrics.json names them; of the static method.
    """

    method: str
    parameter: float | None
    draws: dict[str, Tensor]
    with_selector: bool
    structures: dict[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """A measured operating point: its results by task, and the share of draws that got each image right, (N,)."""

    point: Point
    results: dict[str, TaskResult]
    hits: dict[str, Tensor]

    @property
    def row(self) -> OperatingPoint:
        """As metrics.json holds it."""
        return operating_point(self.point.method, self.point.parameter, self.results, self.point.structures)


def operating_point(
    method: str, parameter: float | None, results: dict[str, TaskResult], structures: dict[str, str] | None = None
) -> OperatingPoint:
    """A row of metrics.json; the average counts every task equally."""
    keys = ("accuracy", "class_accuracy", "mean_macs")
    average = {key: float(np.mean([getattr(result, key) for result in results.values()])) for key in keys}
    return OperatingPoint(method, parameter, dict(results), AverageResult(**average), structures)


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
            results[key][name] = task_result(net, images, z, part, point.with_selector)
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


def difference(a: Outcome, b: Outcome, seed: int) -> Difference:
    """Accuracy of a minus that of b on the same images, with intervals (see `intervals.paired_intervals`)."""
    found: dict[str, Any] = {}
    for key, prefix in (("accuracy", ""), ("class_accuracy", "class_")):
        values = {name: getattr(result, key) - getattr(b.results[name], key) for name, result in a.results.items()}
        found |= {f"{prefix}tasks": values, f"{prefix}average": float(np.mean(list(values.values())))}
    paired = {name: (hits - b.hits[name]).numpy() for name, hits in a.hits.items()}
    return Difference(**found, intervals=paired_intervals(paired, seed))


def cost_weight_row(weight: float, own: Outcome, permuted: Outcome, static: Outcome, seed: int) -> CostWeightRow:
    """The choices at a cost weight beside their two controls, as a row of by_cost_weight in metrics.json."""
    gain, lead = difference(own, permuted, seed), difference(own, static, seed)

    tasks = {}
    for name in own.results:
        varied = choice_statistics(own.point.draws[name][:, 0])
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
