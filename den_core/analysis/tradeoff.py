"""Accuracy against MACs at every operating point that `metrics.json` holds, as one tidy frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from den_core.errors import CheckpointError

AVERAGE = "average"
"Name of the mean over tasks, beside the tasks themselves."

_COLUMNS = ("images", "accuracy", "class_accuracy", "mean_macs", "mean_params", "distinct_structures")
_REQUIRED = ("accuracy", "class_accuracy", "mean_macs")


def operating_points(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """One row per operating point and task, and one per operating point for the average over tasks.

    Args:
        metrics: the content of `metrics.json`.

    Returns:
        method, parameter (nan where the method has none), task (AVERAGE for the mean over tasks), images,
        accuracy and class_accuracy (fractions), mean_macs (selector included for chosen, permuted and
        cost_weight), mean_params, distinct_structures (nan where not recorded). Points of a method come with
        rising parameter.

    Raises:
        CheckpointError: a point without one of the numbers that every point must have.
    """
    rows = []
    for point in metrics["operating_points"]:
        if not {"method", "tasks", "average"} <= point.keys():
            raise CheckpointError(
                "metrics.json: expected operating points with method, tasks and average, found "
                f"{sorted(point)}"
            )
        parts = {**point["tasks"], AVERAGE: point["average"]}
        for task, values in parts.items():
            missing = [name for name in _REQUIRED if name not in values]
            if missing:
                raise CheckpointError(
                    f"metrics.json: expected {', '.join(missing)} for {task} at the operating point "
                    f"{point['method']!r}, found none; run `python -m den_core evaluate CHECKPOINT` again"
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


def instance_gain(metrics: Mapping[str, Any], by_class: bool = False) -> pd.Series:
    """Accuracy of the chosen structures minus that of the same structures shuffled among the images, by task.

    What looking at the image itself buys at equal mean MACs.

    Args:
        by_class: take the class-averaged accuracy.

    Returns:
        Fractions; the last entry is AVERAGE.

    Raises:
        CheckpointError: the metrics do not hold it.
    """
    gain, prefix = metrics["instance_gain"], "class_" if by_class else ""
    if f"{prefix}tasks" not in gain or f"{prefix}average" not in gain:
        raise CheckpointError(
            f"metrics.json: expected {prefix}tasks and {prefix}average in instance_gain, found {sorted(gain)}; "
            "run `python -m den_core evaluate CHECKPOINT` again"
        )
    values = {**gain[f"{prefix}tasks"], AVERAGE: gain[f"{prefix}average"]}
    return pd.Series(values, dtype="float64", name="instance_gain")
