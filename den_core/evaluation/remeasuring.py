"""What a new metrics.json keeps of the one that it replaces: figures that evaluate does not make itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from den_core.checkpoints.metrics import METRICS, OF_OTHERS, TWIN, Metrics, read_metrics
from den_core.errors import CheckpointError

KEPT = ("rho_sweep", "rho_sweep_split", "rho_sweep_estimator", "seeds")
"Fields that other commands measured."


def with_kept(metrics: Metrics, folder: Path | str) -> tuple[Metrics, list[str]]:
    """Metrics with what they keep of the folder's metrics.json, and lines that say what that is.

    Kept are KEPT and, where none was measured now, the baselines and the twin with its lead. Baselines must be about
    the same images; the twin also beside the same choices and of the same seed, as it is compared and permuted by
    these. A file that cannot be read is replaced: a line says why.
    """
    try:
        before = read_metrics(folder)
    except CheckpointError as error:
        return metrics, [f"nothing is kept of the old {METRICS}: {error}"]
    if before is None:
        return metrics, []
    kept = {key: getattr(before, key) for key in KEPT if getattr(before, key)}
    lines = [f"kept from the old {METRICS}: {', '.join(kept)}"] if kept else []
    points, twin_lead = metrics.operating_points, metrics.twin_lead
    for method in OF_OTHERS:
        old = before.find_point(method)
        if old is None or metrics.find_point(method) is not None:
            continue
        other = _what_differs(method, before, metrics)
        if other:
            lines.append(f"{method}: not kept from the old {METRICS}, which is about {other}; give --{method}")
            continue
        points += (old,)
        twin_lead = before.twin_lead if method == TWIN else twin_lead
        lines.append(f"{method}: kept from the old {METRICS}, accuracy {old.average.accuracy:.2%}")
    return dataclasses.replace(metrics, operating_points=points, twin_lead=twin_lead, **kept), lines


def _what_differs(method: str, before: Metrics, now: Metrics) -> str:
    """Why a point of another checkpoint does not go with what was measured now; nothing if it does."""
    if before.split != now.split or _own(before, "images") != _own(now, "images"):
        return "other images"
    if method != TWIN:
        return ""
    if any(_own(before, key) != _own(now, key) for key in ("accuracy", "class_accuracy")):
        return "a network of other accuracy"
    return "another seed" if before.seed != now.seed else ""


def _own(metrics: Metrics, key: str) -> dict[str, float]:
    """One figure of the own choice by task; nothing where a file holds no own choice."""
    own = metrics.find_point("chosen")
    return {} if own is None else {name: getattr(result, key) for name, result in own.tasks.items()}
