"""Operating points: planned, measured together, and compared with each other image by image."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from den_core.evaluation.intervals import paired_intervals
from den_core.evaluation.measuring import EvaluationSet, TaskResult, answers, choice_statistics, task_result
from den_core.inference.network import DeepElasticNetwork

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Point:
    """An operating point before it is measured.

    Args:
        method, parameter: as in metrics.json.
        draws: structures by task, int64 (N, S, n): S draws of which the mean counts.
        with_selector: whether the selector is part of its cost.
        more: what its row in metrics.json says beside the results.
    """

    method: str
    parameter: float | None
    draws: dict[str, Tensor]
    with_selector: bool
    more: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A measured operating point: its results by task, and the share of draws that got each image right, (N,)."""

    point: Point
    results: dict[str, TaskResult]
    hits: dict[str, Tensor]

    @property
    def row(self) -> dict:
        """As metrics.json holds it."""
        return operating_point(self.point.method, self.point.parameter, self.results, **self.point.more)


def operating_point(method: str, parameter: float | None, results: dict[str, TaskResult], **more) -> dict:
    """A row of metrics.json; the average counts every task equally."""
    keys = ("accuracy", "class_accuracy", "mean_macs")
    average = {key: float(np.mean([getattr(result, key) for result in results.values()])) for key in keys}
    tasks = {task: dict(vars(result)) for task, result in results.items()}
    return {"method": method, "parameter": parameter, "tasks": tasks, "average": average} | more


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


def difference(a: Outcome, b: Outcome, seed: int) -> dict:
    """Accuracy of a minus that of b on the same images.

    Returns:
        Fractions: tasks, average; class_tasks, class_average for the class-averaged accuracy; intervals, [low, high]
        of the plain difference by task and as "average", 95 % (see `bootstrap`).
    """
    found: dict = {}
    for key, prefix in (("accuracy", ""), ("class_accuracy", "class_")):
        values = {name: getattr(result, key) - getattr(b.results[name], key) for name, result in a.results.items()}
        found |= {f"{prefix}tasks": values, f"{prefix}average": float(np.mean(list(values.values())))}
    paired = {name: (hits - b.hits[name]).numpy() for name, hits in a.hits.items()}
    return found | {"intervals": paired_intervals(paired, seed)}


def cost_weight_row(weight: float, own: Outcome, permuted: Outcome, static: Outcome, seed: int) -> dict:
    """The choices at a cost weight beside their two controls, as a row of by_cost_weight in metrics.json."""
    parts = {"own": own, "permuted": permuted, "static": static}
    differences = {"gain": difference(own, permuted, seed), "lead": difference(own, static, seed)}

    def limits(name: str) -> dict[str, list[float]]:
        means = {key: found["tasks"] | {"average": found["average"]} for key, found in differences.items()}
        return {key: [means[key][name], *found["intervals"][name]] for key, found in differences.items()}

    tasks = {}
    for name in own.results:
        varied = choice_statistics(own.point.draws[name][:, 0])
        tasks[name] = {
            **{key: outcome.results[name].accuracy for key, outcome in parts.items()},
            "mean_macs": own.results[name].mean_macs,
            "static_macs": static.results[name].mean_macs,
            **limits(name),
            **{key: varied[key] for key in ("distinct", "top_share")},
        }
    means = {key: float(np.mean([row[key] for row in tasks.values()])) for key in (*parts, "mean_macs", "static_macs")}
    return {"cost_weight": weight, "tasks": tasks, "average": means | limits("average")}
