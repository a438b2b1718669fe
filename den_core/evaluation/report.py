"""Metrics as tables: of one checkpoint, and of several side by side."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from den_core.checkpoints.folder import read_config
from den_core.checkpoints.metrics import AVERAGE, OF_OTHERS, Difference, Metrics, OperatingPoint, require_metrics
from den_core.errors import CheckpointError
from den_core.evaluation.operating_points import DIAL
from den_core.evaluation.paper_results import PaperRow, beside, paper_frame


def frame_of(metrics: Metrics) -> pd.DataFrame:
    """Operating points, one row each: method, parameter, accuracy per task in percent, averages, MMACs.

    Where a network answers early, also the share of images that it does so for.
    """
    rows = []
    for point in metrics.operating_points:
        row = {"method": point.method, "parameter": point.parameter}
        row |= {f"{task} %": 100 * result.accuracy for task, result in point.tasks.items()}
        row["average %"] = 100 * point.average.accuracy
        row["class-averaged %"] = 100 * point.average.class_accuracy
        row["MMACs"] = point.average.mean_macs / 1e6
        row |= {} if point.average.early is None else {"early %": 100 * point.average.early}
        rows.append(row)
    return pd.DataFrame(rows)


def metrics_table(metrics: Metrics) -> str:
    """The operating points, what looking at the image gains, and the same at every cost weight, as text."""
    parts = [
        _text(frame_of(metrics)),
        f"split {metrics.split}, seed {metrics.seed}; instance gain {100 * metrics.instance_gain.average:+.2f} "
        f"points; {metrics.distinct_per_600} structures in 600 images",
        f"\nThe own choice: accuracy minus that of a control, in points with 95 % intervals, and how varied it is\n"
        f"{_text(choice_frame(metrics))}",
    ]
    if metrics.fixed_lead is not None:
        lead = _difference(metrics.fixed_lead, AVERAGE)
        parts.insert(2, f"best fixed structure of any kind within its MACs: {metrics.fixed_rival}; own leads by {lead}")
    if not (dial := dial_frame(metrics)).empty:
        parts.append(f"\nThe dial: within shares of the full MACs, what was best on validation images\n{_text(dial)}")
    if metrics.by_cost_weight:
        parts.append(
            "\nBy cost weight, mean over tasks; accuracies in percent, gain and lead in points with 95 % intervals\n"
            f"{_text(cost_weight_frame(metrics))}"
        )
    return "\n".join(parts)


def choice_frame(metrics: Metrics) -> pd.DataFrame:
    """Gain, leads and variety of the own choice, a row per task and one for the average, as text."""
    rows = []
    for name in metrics.instance_gain.values:
        row = {"task": name, "gain: own - permuted": _difference(metrics.instance_gain, name)}
        if metrics.static_lead is not None:
            row["lead: own - static"] = _difference(metrics.static_lead, name)
        if metrics.twin_lead is not None:
            row["own - twin"] = _difference(metrics.twin_lead, name)
        if metrics.choice is not None and name in metrics.choice.tasks:
            varied = metrics.choice.tasks[name]
            row |= {"structures": f"{varied.distinct}", "most common %": f"{100 * varied.top_share:.1f}"}
            row["entropy 0-1"] = f"{varied.normalised_entropy:.2f}"
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def dial_frame(metrics: Metrics) -> pd.DataFrame:
    """The stops of the dial that were measured: budget (share of the full MACs), averages over tasks, what it is."""
    rows = [
        {"within": f"{point.parameter:g}", "average %": 100 * point.average.accuracy}
        | {"MMACs": point.average.mean_macs / 1e6, "early %": 100 * (point.average.early or 0.0)}
        | {"picked": "" if point.policy is None else point.policy.words}
        for point in metrics.operating_points
        if point.method == DIAL
    ]
    return pd.DataFrame(rows)


def cost_weight_frame(metrics: Metrics) -> pd.DataFrame:
    """by_cost_weight for people: a row per cost weight with the means over tasks."""
    rows = []
    for row in metrics.by_cost_weight:
        average = row.average
        rows.append(
            {"weight": f"{row.cost_weight:.3g}", "MMACs": average.mean_macs / 1e6}
            | {"static MMACs": average.static_macs / 1e6}
            | {f"{key} %": 100 * getattr(average, key) for key in ("own", "permuted", "static")}
            | {key: _points(*getattr(average, key)) for key in ("gain", "lead")}
        )
    return pd.DataFrame(rows)


def _difference(found: Difference, name: str) -> str:
    return _points(found.values[name], *(found.intervals or {}).get(name, ()))


def _points(value: float, *limits: float) -> str:
    """A difference in points of accuracy, with its interval where there is one."""
    text, *ends = (f"{round(100 * number, 2) + 0.0:+.2f}" for number in (value, *limits))  # + 0.0: no -0.00
    return f"{text} [{', '.join(ends)}]" if ends else text


def _text(frame: pd.DataFrame) -> str:
    return frame.to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="")


def largest_difference(a: Metrics, b: Metrics) -> float:
    """The largest difference in any accuracy that both hold, a fraction.

    Cost weights are found anew each time, so that on another machine they agree to rounding only. A baseline and a
    twin, which need other checkpoints to measure, may be absent from either.

    Raises:
        CheckpointError: `b` lacks another point of `a`.
    """
    differences = [0.0]
    for point in a.operating_points:
        match = next((other for other in b.operating_points if _same_point(point, other)), None)
        if match is None and point.method in OF_OTHERS:
            continue
        if match is None:
            raise CheckpointError(
                f"expected an operating point {point.method} {point.parameter} as in metrics.json, found none"
            )
        for task, result in point.tasks.items():
            for key in ("accuracy", "class_accuracy"):
                differences.append(abs(getattr(result, key) - getattr(match.tasks[task], key)))
    return max(differences)


def _same_point(a: OperatingPoint, b: OperatingPoint) -> bool:
    if a.method != b.method or a.parameter is None or b.parameter is None:
        return a.method == b.method and a.parameter == b.parameter
    return math.isclose(a.parameter, b.parameter, rel_tol=1e-3, abs_tol=1e-4)


def report_table(checkpoints: list[Path]) -> pd.DataFrame:
    """The operating points of several checkpoints under each other, and the paper's figures for tasks like theirs.

    Raises:
        CheckpointError: one of them has no metrics.
    """
    frames: list[pd.DataFrame] = []
    paper: dict[PaperRow, None] = {}
    for folder in checkpoints:
        info, metrics = read_config(folder), require_metrics(folder)
        frame = frame_of(metrics)
        frame.insert(0, "checkpoint", folder.name)
        frame.insert(1, "backbone", info.network.backbone.name)
        frames.append(frame)
        paper |= dict.fromkeys(beside([task.name for task in info.network.tasks]))
    if paper:
        frames.append(paper_frame(list(paper)))
    table = pd.concat(frames, ignore_index=True)
    # tasks that one of them lacks would come last
    ends = ["average %", "class-averaged %", "MMACs", "early %", "blocks' MMACs", "params (M)", "times cheaper"]
    tasks = [name for name in table if name.endswith(" %") and name not in ends]
    last = [name for name in ends if name in table]
    return table[[name for name in table if name not in (*tasks, *last)] + [*tasks, *last]]
