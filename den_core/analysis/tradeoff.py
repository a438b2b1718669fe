"""Accuracy against MACs at every operating point that was measured: one tidy frame, its gain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from den_core.checkpoints.metrics import Metrics, OperatingPoint

_COLUMNS = ("images", "accuracy", "class_accuracy", "mean_macs", "mean_params", "distinct_structures", "early")


def operating_points(metrics: Metrics) -> pd.DataFrame:
    """One row per operating point and task, and one per operating point for the average over tasks.

    Returns:
        method, parameter (nan where the method has none), task (AVERAGE for the mean over tasks), images,
        accuracy and class_accuracy (fractions), mean_macs (selector included for chosen, permuted, twin and
        cost_weight, and for stops of the dial that look), mean_params, distinct_structures (nan for the average), early
        (share of the images that the selector answered; nan where it could not), picked (what a stop of the dial is, in
        words; empty elsewhere). Points of a method come with rising parameter.
    """
    rows = [
        {"method": point.method, "parameter": point.parameter, "task": task, "picked": _picked(point)} | vars(result)
        for point in metrics.operating_points
        for task, result in point.results.items()
    ]
    frame = pd.DataFrame(rows, columns=["method", "parameter", "task", *_COLUMNS, "picked"])
    numbers = ["parameter", *_COLUMNS]
    frame[numbers] = frame[numbers].astype(np.float64)
    # The order of methods is that of the file; only within one method do parameters rise.
    order = {method: place for place, method in enumerate(dict.fromkeys(frame["method"]))}
    frame["_place"] = frame["method"].map(order)
    frame = frame.sort_values(["_place", "parameter"], kind="stable")
    return frame.drop(columns="_place").reset_index(drop=True)


def _picked(point: OperatingPoint) -> str:
    return "" if point.policy is None else point.policy.words


def instance_gain(metrics: Metrics) -> pd.Series:
    """Accuracy of the chosen structures minus that of the same structures permuted among the images, by task.

    What looking at the image itself buys at equal mean MACs, and what comes of being used to the own choices.

    Returns:
        Fractions; the last entry is AVERAGE.
    """
    return pd.Series(metrics.instance_gain.values, dtype="float64", name="instance_gain")
