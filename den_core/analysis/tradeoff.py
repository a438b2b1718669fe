"""Accuracy against MACs at every operating point that `metrics.json` holds: one tidy frame, its front, its gain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from den_core.errors import CheckpointError

AVERAGE = "average"
"Name of the mean over tasks, beside the tasks themselves."

_COLUMNS = ("images", "accuracy", "class_accuracy", "mean_macs", "mean_params", "distinct_structures")
_REQUIRED = ("accuracy", "class_accuracy", "mean_macs")
_AGAIN = "run `python -m den_core evaluate CHECKPOINT` again"


def operating_points(metrics: Mapping[str, Any], expected: Collection[str] = ()) -> pd.DataFrame:
    """One row per operating point and task, and one per operating point for the average over tasks.

    Args:
        metrics: the content of `metrics.json`.
        expected: names of which every operating point must have a row.

    Returns:
        method, parameter (nan where the method has none), task (AVERAGE for the mean over tasks), images,
        accuracy and class_accuracy (fractions), mean_macs (selector included for chosen, permuted, twin
        and cost_weight), mean_params, distinct_structures (nan where not recorded). Points of a method come with
        rising parameter.

    Raises:
        CheckpointError: a point without one of the tasks or numbers that every point must have.
    """
    rows = []
    points = metrics["operating_points"]
    if not isinstance(points, list) or not points:
        raise CheckpointError(f"metrics.json: expected a list of operating_points, found {points!r:.40}; {_AGAIN}")
    for point in points:
        parts = _parts(point)
        absent = [task for task in expected if task not in parts]
        if absent:
            raise CheckpointError(
                f"metrics.json: expected results for {absent[0]} at the operating point {point['method']!r}, found "
                f"{', '.join(parts)}; {_AGAIN}"
            )
        for task, values in parts.items():
            missing = [name for name in _REQUIRED if not isinstance(values.get(name), (int, float))]
            if missing:
                raise CheckpointError(
                    f"metrics.json: expected {', '.join(missing)} for {task} at the operating point "
                    f"{point['method']!r}, found none; {_AGAIN}"
                )
            place = {"method": point["method"], "parameter": point.get("parameter"), "task": task}
            rows.append(place | {name: values.get(name) for name in _COLUMNS})
    frame = pd.DataFrame(rows, columns=["method", "parameter", "task", *_COLUMNS])
    numbers = ["parameter", *_COLUMNS]
    frame[numbers] = frame[numbers].astype(np.float64)
    # The order of methods is that of the file; only within one method do parameters rise.
    order = {method: place for place, method in enumerate(dict.fromkeys(frame["method"]))}
    frame["_place"] = frame["method"].map(order)
    frame = frame.sort_values(["_place", "parameter"], kind="stable")
    return frame.drop(columns="_place").reset_index(drop=True)


def _parts(point: Any) -> dict[str, dict[str, Any]]:
    """The results of an operating point by task, the average last."""
    if not isinstance(point, dict) or not {"method", "tasks", "average"} <= point.keys():
        found = sorted(point) if isinstance(point, dict) else point
        raise CheckpointError(
            f"metrics.json: expected operating points with method, tasks and average, found {found!r:.60}; {_AGAIN}"
        )
    parts = {**point["tasks"], AVERAGE: point["average"]} if isinstance(point["tasks"], dict) else {}
    if not parts or not all(isinstance(values, dict) for values in parts.values()):
        raise CheckpointError(f"metrics.json: expected results by task at {point['method']!r}, found others; {_AGAIN}")
    return parts


def instance_gain(metrics: Mapping[str, Any], by_class: bool = False) -> pd.Series:
    """Accuracy of the chosen structures minus that of the same structures permuted among the images, by task.

    What looking at the image itself buys at equal mean MACs, and what comes of being used to the own choices.

    Args:
        by_class: take the class-averaged accuracy.

    Returns:
        Fractions; the last entry is AVERAGE.

    Raises:
        CheckpointError: the metrics do not hold it.
    """
    gain, prefix = metrics["instance_gain"], "class_" if by_class else ""
    if not isinstance(gain, dict) or f"{prefix}tasks" not in gain or f"{prefix}average" not in gain:
        found = sorted(gain) if isinstance(gain, dict) else gain
        raise CheckpointError(
            f"metrics.json: expected {prefix}tasks and {prefix}average in instance_gain, found {found!r:.60}; {_AGAIN}"
        )
    values = {**gain[f"{prefix}tasks"], AVERAGE: gain[f"{prefix}average"]}
    return pd.Series(values, dtype="float64", name="instance_gain")


def pareto_front(points: pd.DataFrame, accuracy: str = "accuracy") -> pd.DataFrame:
    """The operating points that no other one beats: none is at least as accurate for at most as many MACs.

    Args:
        points: of one task or of the average, as `operating_points` returns them.
        accuracy: the column that counts.

    Returns:
        Those rows, cheapest first. Of equal points all are kept.
    """
    ordered = points.sort_values(["mean_macs", accuracy], ascending=[True, False], kind="stable")
    best = ordered[accuracy].cummax()
    at_least = ordered[accuracy] >= best
    earlier = best.shift().fillna(-np.inf)
    first_macs = ordered.groupby(accuracy)["mean_macs"].transform("min")
    return ordered[at_least & ((ordered[accuracy] > earlier) | (ordered["mean_macs"] == first_macs))]


def share_of_full(points: pd.DataFrame) -> pd.Series:
    """Mean MACs of the network's own choice ÷ those of the full model, by task and on average; a fraction."""
    macs = {method: points[points["method"] == method].set_index("task")["mean_macs"] for method in ("chosen", "full")}
    return (macs["chosen"] / macs["full"]).rename("share_of_full")
