"""What looking at the image is worth, as `metrics.json` tells it: against controls at equal cost, with intervals.

Metrics from before intervals were measured hold the instance gain alone: what they lack comes back as nan, or as a
frame without rows.
"""

from __future__ import annotations

import math
from typing import Literal

import pandas as pd

from den_core.checkpoints.metrics import SEED_METHODS, CurveResult, Difference, Metrics

Verdict = Literal["pays", "open", "costs", "unknown"]


def verdict(low: float, high: float) -> Verdict:
    """What an interval of a difference says: above zero it pays, below it costs, with zero inside the question is open.

    Returns:
        "unknown" where there is no interval (nan).
    """
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    return "pays" if low > 0 else "costs" if high < 0 else "open"


def differences(metrics: Metrics) -> pd.DataFrame:
    """The own choice against its controls and, where measured, its twin, by task and on average.

    Returns:
        kind ("gain": minus the same structures permuted among the images; "lead": minus the best static structure per
        task; "fixed": minus the best fixed structure of any kind; "twin": minus the twin that never looks), task
        (AVERAGE for the mean over tasks), value, low, high (95 %, paired over the images); fractions. low and high are
        nan where no interval was measured. A lead that was not measured as such is the difference of the two operating
        points; without those there is none.
    """
    rows = _measured("gain", metrics.instance_gain)
    rows += _lead_of_points(metrics) if metrics.static_lead is None else _measured("lead", metrics.static_lead)
    rows += [] if metrics.fixed_lead is None else _measured("fixed", metrics.fixed_lead)
    rows += [] if metrics.twin_lead is None else _measured("twin", metrics.twin_lead)
    return pd.DataFrame(rows, columns=["kind", "task", "value", "low", "high"])


def _measured(kind: str, found: Difference) -> list[tuple[str, str, float, float, float]]:
    intervals = found.intervals or dict.fromkeys(found.values, (math.nan, math.nan))
    return [(kind, task, value, *intervals[task]) for task, value in found.values.items()]


def _lead_of_points(metrics: Metrics) -> list[tuple[str, str, float, float, float]]:
    own, static = metrics.find_point("chosen"), metrics.find_point("static")
    if own is None or static is None:
        return []
    leads = {task: found.accuracy - static.results[task].accuracy for task, found in own.results.items()}
    return [("lead", task, value, math.nan, math.nan) for task, value in leads.items()]


def cost_curves(metrics: Metrics) -> pd.DataFrame:
    """The own choice and its two controls at every cost weight, one row per cost weight and task.

    Returns:
        cost_weight (0 is the network's own choice), task (AVERAGE for the mean over tasks); accuracies own, permuted,
        static; mean_macs (of own and permuted, selector included), static_macs, share (mean_macs ÷ the full
        model's); gain and lead with gain_low, gain_high, lead_low, lead_high (95 %; fractions); distinct (structures)
        and top_share (of the most chosen one), both nan for the average. Rising mean_macs. No rows where it was not
        measured.

    Raises:
        CheckpointError: there are curves, but no full model.
    """
    if not metrics.by_cost_weight:
        return pd.DataFrame(columns=["cost_weight", "task"])
    full = metrics.point("full").results
    rows = [
        {"cost_weight": row.cost_weight, "task": task, **_numbers(part), "share": part.mean_macs / full[task].mean_macs}
        for row in metrics.by_cost_weight
        for task, part in row.results.items()
    ]
    return pd.DataFrame(rows).sort_values("mean_macs", kind="stable", ignore_index=True)


def _numbers(part: CurveResult) -> dict[str, float]:
    """One number a column: a difference and its limits are three."""
    found = dict(vars(part))
    for name in ("gain", "lead"):
        found |= dict(zip((name, f"{name}_low", f"{name}_high"), found[name], strict=True))
    return found


def concentration(metrics: Metrics) -> pd.DataFrame:
    """How much the choice differs from image to image, one row per task.

    Returns:
        task, distinct (structures in use), top_share (of the most chosen one), normalised_entropy (of the structure
        counts ÷ log of the number of images: 0 where all images get one structure, 1 where each has its own). No rows
        where it was not measured.
    """
    found = {} if metrics.choice is None else metrics.choice.tasks
    rows = [{"task": task} | vars(part) for task, part in found.items()]
    return pd.DataFrame(rows, columns=["task", "distinct", "top_share", "normalised_entropy"])


def rho_sweep(metrics: Metrics) -> pd.DataFrame:
    """What selectors reach that were trained with other weights of the usage penalty.

    Returns:
        rho (rising), accuracy (fraction, mean over tasks), share (of the full model's MACs, selector included),
        distinct_per_600. No rows where it was not measured.
    """
    frame = pd.DataFrame(metrics.rho_sweep, columns=["rho", "accuracy", "share", "distinct_per_600"])
    return frame.sort_values("rho", ignore_index=True)


def seeds(metrics: Metrics) -> pd.DataFrame:
    """What the same recipe reaches from other seeds.

    Returns:
        seed (rising); accuracies of `metrics.SEED_METHODS` (fractions, means over tasks); mean_macs; gain, lead and
        twin (own minus the twin that never looks; nan where that was not measured), fractions. No rows where it was not
        measured.
    """
    columns = ["seed", *SEED_METHODS, "mean_macs", "gain", "lead", "twin"]
    frame = pd.DataFrame(metrics.seeds, columns=columns).astype({"twin": float})
    return frame.sort_values("seed", ignore_index=True)
