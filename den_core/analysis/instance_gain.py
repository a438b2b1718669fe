"""What looking at the image is worth, as `metrics.json` tells it: against controls at equal cost, with intervals.

Metrics from before intervals were measured hold the instance gain alone: what they lack comes back as nan, or as a
frame without rows. What is there but malformed is an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from den_core.analysis.tradeoff import AVERAGE, operating_points
from den_core.errors import CheckpointError

OWN_WEIGHT = 0.0
"Cost weight of the network's own choice, as in `den_core.analysis.dial`."
Verdict = Literal["pays", "open", "costs", "unknown"]

_AGAIN = "run `python -m den_core evaluate CHECKPOINT --write` again"
_ACCURACIES = ("own", "permuted", "static")
_MACS = ("mean_macs", "static_macs")
_COUNTS = ("distinct", "top_share")
_DIFFERENCES = ("gain", "lead")
SEED_ACCURACIES = ("chosen", "permuted", "static", "random", "full")


def verdict(low: float, high: float) -> Verdict:
    """What an interval of a difference says: above zero it pays, below it costs, with zero inside the question is open.

    Returns:
        "unknown" where there is no interval (nan).
    """
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    return "pays" if low > 0 else "costs" if high < 0 else "open"


def differences(metrics: Mapping[str, Any], tasks: Sequence[str]) -> pd.DataFrame:
    """The own choice against its two controls and, where measured, its twin, by task and on average.

    Args:
        metrics: the fields of `den_core.checkpoints.metrics.Metrics`.
        tasks: of the network.

    Returns:
        kind ("gain": minus the same structures permuted among the images; "lead": minus the best static structure per
        task; "twin": minus the twin that never looks), task (AVERAGE for the mean over tasks), value, low, high (95 %,
        paired over the images); fractions. low and high are nan where no interval was measured. A lead that was not
        measured as such is the difference of the two operating points; without those there is none.

    Raises:
        CheckpointError: a task, number or interval is missing or malformed.
    """
    rows = _measured("gain", metrics["instance_gain"], "instance_gain", tasks)
    lead = metrics.get("static_lead")
    rows += _measured("lead", lead, "static_lead", tasks) if lead else _lead_of_points(metrics, tasks)
    twin = metrics.get("twin_lead")
    rows += _measured("twin", twin, "twin_lead", tasks) if twin else []
    return pd.DataFrame(rows, columns=["kind", "task", "value", "low", "high"])


def _measured(kind: str, part: Any, field: str, tasks: Sequence[str]) -> list[dict[str, Any]]:
    _need(isinstance(part, dict) and isinstance(part.get("tasks"), dict), f"tasks and average in {field}", part)
    values, intervals = {**part["tasks"], AVERAGE: part.get("average")}, part.get("intervals")
    rows = []
    for task in (*tasks, AVERAGE):
        row = {"kind": kind, "task": task, "value": _number(values.get(task), f"{field} of {task}", -1, 1)}
        low = high = float("nan")
        if intervals is not None:
            _need(isinstance(intervals, dict), f"intervals by task in {field}", intervals)
            low, high = _numbers(intervals.get(task), 2, f"an interval of {field} of {task}", -1, 1)
            _need(low <= high, f"a rising interval of {field} of {task}", intervals[task])
        rows.append(row | {"low": low, "high": high})
    return rows


def _lead_of_points(metrics: Mapping[str, Any], tasks: Sequence[str]) -> list[dict[str, Any]]:
    points = operating_points(metrics, [*tasks, AVERAGE])
    own, static = (points[points["method"] == name].set_index("task")["accuracy"] for name in ("chosen", "static"))
    if own.empty or static.empty:
        return []
    none = {"low": float("nan"), "high": float("nan")}
    return [{"kind": "lead", "task": task, "value": own[task] - static[task]} | none for task in (*tasks, AVERAGE)]


def cost_curves(metrics: Mapping[str, Any], tasks: Sequence[str]) -> pd.DataFrame:
    """The own choice and its two controls at every cost weight, one row per cost weight and task.

    Returns:
        cost_weight (0 is the network's own choice), task (AVERAGE for the mean over tasks); accuracies own, permuted,
        static; mean_macs (of own and permuted, selector included), static_macs, share (mean_macs ÷ the full
        model's); gain and lead with gain_low, gain_high, lead_low, lead_high (95 %; fractions); distinct (structures)
        and top_share (of the most chosen one), both nan for the average. Rising mean_macs. No rows where it was not
        measured.

    Raises:
        CheckpointError: a task or number is missing or malformed, or there is no own choice or full model.
    """
    weights = _objects(metrics.get("by_cost_weight") or [], "by_cost_weight")
    if not weights:
        return pd.DataFrame(columns=["cost_weight", "task"])
    points = operating_points(metrics, [*tasks, AVERAGE])
    full = points[points["method"] == "full"].set_index("task")["mean_macs"]
    _need(not full.empty, "an operating point 'full'", sorted(set(points["method"])))
    rows = []
    for entry in weights:
        weight = _number(entry.get("cost_weight"), "cost_weight in by_cost_weight")
        for task, part in _parts(entry, tasks):
            row = {"cost_weight": weight, "task": task}
            row |= _curve_numbers(part, f"{task} at the cost weight {weight:g}", task == AVERAGE)
            rows.append(row | {"share": row["mean_macs"] / full[task]})
    frame = pd.DataFrame(rows)
    known = frame.loc[frame["task"] == AVERAGE, "cost_weight"]
    _need(known.is_unique and (known == OWN_WEIGHT).any(), "different cost_weights with 0 among them", known.tolist())
    return frame.sort_values("mean_macs", kind="stable", ignore_index=True)


def _parts(entry: dict[str, Any], tasks: Sequence[str]) -> Iterator[tuple[str, Any]]:
    by_task = entry.get("tasks")
    _need(isinstance(by_task, dict), "tasks and average in every row of by_cost_weight", entry)
    yield from ((task, by_task.get(task)) for task in tasks)
    yield AVERAGE, entry.get("average")


def _curve_numbers(part: Any, where: str, is_average: bool) -> dict[str, float]:
    _need(isinstance(part, dict), f"results of {where} in by_cost_weight", part)
    found = {name: _number(part.get(name), f"{name} of {where}", 0, 1) for name in _ACCURACIES}
    found |= {name: _number(part.get(name), f"{name} of {where}", 0) for name in _MACS}
    for name in _DIFFERENCES:
        value, low, high = _numbers(part.get(name), 3, f"{name} of {where}", -1, 1)
        _need(low <= high, f"a rising interval of {name} of {where}", part[name])
        found |= {name: value, f"{name}_low": low, f"{name}_high": high}
    absent = float("nan")
    return found | {n: absent if is_average else _number(part.get(n), f"{n} of {where}", 0) for n in _COUNTS}


def concentration(metrics: Mapping[str, Any], tasks: Sequence[str]) -> pd.DataFrame:
    """How much the choice differs from image to image, one row per task.

    Returns:
        task, distinct (structures in use), top_share (of the most chosen one), normalised_entropy (of the structure
        counts ÷ log of the number of images: 0 where all images get one structure, 1 where each has its own). No rows
        where it was not measured.

    Raises:
        CheckpointError: a task or number is missing or malformed.
    """
    columns = ["task", "distinct", "top_share", "normalised_entropy"]
    choice = metrics.get("choice")
    if not choice:
        return pd.DataFrame(columns=columns)
    by_task = choice.get("tasks") if isinstance(choice, dict) else None
    _need(isinstance(by_task, dict), "tasks in choice", choice)
    rows = []
    for task in tasks:
        part = by_task.get(task)
        _need(isinstance(part, dict), f"{task} in choice", sorted(by_task))
        distinct = _number(part.get("distinct"), f"distinct of {task} in choice", 0)
        shares = [_number(part.get(name), f"{name} of {task} in choice", 0, 1) for name in columns[2:]]
        rows.append([task, int(distinct), *shares])
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class RhoSweep:
    """What selectors reach that were trained with other weights of the usage penalty.

    Args:
        rows: rho (rising), accuracy (fraction, mean over tasks), share (of the full model's MACs, selector included),
            distinct_per_600; none where it was not measured.
        split: of the images; empty where it was not measured.
        estimator: the state of the estimator that they were trained on, in words; empty where that is not known.
    """

    rows: pd.DataFrame
    split: str = ""
    estimator: str = ""


def rho_sweep(metrics: Mapping[str, Any]) -> RhoSweep:
    """The sweep over ρ, without rows where there is none. CheckpointError if a part is missing or malformed."""
    extra = _extra(metrics)
    shares = {"accuracy": 1.0, "share": math.inf}
    frame = _table(extra, "rho_sweep", {"rho": math.inf, **shares, "distinct_per_600": 600})
    if frame.empty:
        return RhoSweep(frame)
    split, estimator = extra.get("rho_sweep_split"), extra.get("rho_sweep_estimator", "")
    _need(isinstance(split, str) and bool(split), "rho_sweep_split beside rho_sweep", split)
    _need(isinstance(estimator, str), "a text as rho_sweep_estimator", estimator)
    return RhoSweep(frame.sort_values("rho", ignore_index=True), split, estimator)


def seeds(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """What the same recipe reaches from other seeds.

    Returns:
        seed (rising); accuracies chosen, permuted, static, random, full (fractions, means over tasks); mean_macs;
        gain, lead and twin (own minus the twin that never looks; nan where that was not measured), fractions. No rows
        where it was not measured.

    Raises:
        CheckpointError: a number is missing or malformed.
    """
    limits = {"seed": math.inf, **dict.fromkeys(SEED_ACCURACIES, 1.0), "mean_macs": math.inf}
    extra = _extra(metrics)
    frame = _table(extra, "seeds", limits, signed=_DIFFERENCES)
    twins = [row.get("twin") for row in extra.get("seeds") or []]
    frame["twin"] = [math.nan if value is None else _number(value, "twin in seeds", -1, 1) for value in twins]
    return frame.astype({"seed": int, "twin": float}).sort_values("seed", ignore_index=True)


def _extra(metrics: Mapping[str, Any]) -> dict[str, Any]:
    extra = metrics.get("extra", {})
    _need(isinstance(extra, dict), "an object", extra)
    return extra


def _table(extra: dict[str, Any], field: str, limits: dict[str, float], signed: Sequence[str] = ()) -> pd.DataFrame:
    """Rows of numbers: from 0 to a limit, or signed, from -1 to 1."""
    ranges = {name: (0.0, limit) for name, limit in limits.items()} | dict.fromkeys(signed, (-1.0, 1.0))
    rows = [
        {name: _number(row.get(name), f"{name} in {field}", *ends) for name, ends in ranges.items()}
        for row in _objects(extra.get(field) or [], field)
    ]
    return pd.DataFrame(rows, columns=list(ranges))


def _objects(value: Any, field: str) -> list[dict[str, Any]]:
    _need(isinstance(value, list) and all(isinstance(row, dict) for row in value), f"a list of rows in {field}", value)
    return value


def _numbers(value: Any, count: int, what: str, low: float, high: float) -> list[float]:
    _need(isinstance(value, (list, tuple)) and len(value) == count, f"{count} numbers as {what}", value)
    return [_number(part, what, low, high) for part in value]


def _number(value: Any, what: str, low: float = -math.inf, high: float = math.inf) -> float:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    within = f" from {low:g} to {high:g}" if math.isfinite(high) else ""
    _need(plain and math.isfinite(value) and low <= value <= high, f"a number{within} as {what}", value)
    return float(value)


def _need(good: bool, expected: str, found: Any) -> None:
    if not good:
        raise CheckpointError(f"metrics.json: expected {expected}, found {found!r:.60}; {_AGAIN}")
