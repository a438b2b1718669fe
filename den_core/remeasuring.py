"""What a new metrics.json keeps of the one that it replaces: figures that evaluate does not make itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from den_core.checkpoints import BASELINE, METRICS, Metrics, read_metrics
from den_core.errors import CheckpointError

KEPT = ("rho_sweep", "rho_sweep_split", "seeds")
"Entries of `extra` that other commands measured."


def with_kept(metrics: Metrics, folder: Path | str) -> tuple[Metrics, list[str]]:
    """Metrics with what they keep of the folder's metrics.json, and lines that say what that is.

    Kept are KEPT and, where none was measured now, the baseline point, if it is about the same images. A file that
    cannot be read is replaced: a line says why.
    """
    try:
        before = read_metrics(folder)
    except CheckpointError as error:
        return metrics, [f"nothing is kept of the old {METRICS}: {error}"]
    if before is None:
        return metrics, []
    extra = {key: before.extra[key] for key in KEPT if key in before.extra}
    lines = [f"kept from the old {METRICS}: {', '.join(extra)}"] if extra else []
    points = metrics.operating_points
    old = _baseline(before)
    if old is not None and _baseline(metrics) is None:
        same = before.split == metrics.split and _images(old) == _images(points[0])
        if same:
            points = [*points, old]
            lines.append(f"{BASELINE}: kept from the old {METRICS}, accuracy {old['average']['accuracy']:.2%}")
        else:
            lines.append(f"{BASELINE}: not kept from the old {METRICS}, which is about other images; give --baseline")
    return dataclasses.replace(metrics, operating_points=points, extra=metrics.extra | extra), lines


def _baseline(metrics: Metrics) -> dict[str, Any] | None:
    return next((point for point in metrics.operating_points if point["method"] == BASELINE), None)


def _images(point: dict[str, Any]) -> dict[str, int]:
    return {name: result["images"] for name, result in point["tasks"].items()}
