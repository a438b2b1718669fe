"""Metrics as tables: of one checkpoint, and of several side by side."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from den_core.checkpoints import Metrics, read_config, read_metrics
from den_core.errors import CheckpointError


def frame_of(metrics: Metrics) -> pd.DataFrame:
    """Operating points, one row each: method, parameter, accuracy per task in percent, averages, MMACs."""
    rows = []
    for point in metrics.operating_points:
        row = {"method": point["method"], "parameter": point["parameter"]}
        row |= {f"{task} %": 100 * result["accuracy"] for task, result in point["tasks"].items()}
        row["average %"] = 100 * point["average"]["accuracy"]
        row["class-averaged %"] = 100 * point["average"]["class_accuracy"]
        row["MMACs"] = point["average"]["mean_macs"] / 1e6
        rows.append(row)
    return pd.DataFrame(rows)


def metrics_table(metrics: Metrics) -> str:
    """The operating points and the two summary figures as text."""
    table = frame_of(metrics).to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="")
    gain = metrics.instance_gain
    return (
        f"{table}\nsplit {metrics.split}, seed {metrics.seed}; instance gain {100 * gain['average']:+.2f} points; "
        f"{metrics.distinct_per_600} structures in 600 images"
    )


def largest_difference(a: Metrics, b: Metrics) -> float:
    """The largest difference in any accuracy that both hold, a fraction.

    Cost weights are found anew each time, so that on another machine they agree to rounding only.
    """
    differences = [0.0]
    for point in a.operating_points:
        match = next((other for other in b.operating_points if _same_point(point, other)), None)
        if match is None:
            raise CheckpointError(
                f"expected an operating point {point['method']} {point['parameter']} as in metrics.json, found none"
            )
        for task, result in point["tasks"].items():
            for key in ("accuracy", "class_accuracy"):
                differences.append(abs(result[key] - match["tasks"][task][key]))
    return max(differences)


def _same_point(a: dict, b: dict) -> bool:
    if a["method"] != b["method"] or None in (a["parameter"], b["parameter"]):
        return a["method"] == b["method"] and a["parameter"] == b["parameter"]
    return math.isclose(a["parameter"], b["parameter"], rel_tol=1e-3, abs_tol=1e-4)


def report_table(checkpoints: list[Path]) -> pd.DataFrame:
    """The operating points of several checkpoints under each other.

    Raises:
        CheckpointError: one of them has no metrics.
    """
    frames = []
    for folder in checkpoints:
        info, metrics = read_config(folder), read_metrics(folder)
        if metrics is None:
            raise CheckpointError(
                f"expected {folder}/metrics.json, found none; `python -m den_core evaluate --write` makes it"
            )
        frame = frame_of(metrics)
        frame.insert(0, "checkpoint", folder.name)
        frame.insert(1, "backbone", info.network.backbone.name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
