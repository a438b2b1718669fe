"""Ways to pick structures: one table of their names, colours and marks for app, report and README."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One way to pick structures, as people see it.

    Args:
        name: on charts and in tables.
        short: in the head of a narrow column.
        color: as "#RRGGBB"; the colours differ for readers who cannot tell red from green.
        symbol: of Plotly's markers; they differ without colour, too.
    """

    name: str
    short: str
    color: str
    symbol: str


METHODS = {
    "level": Method("Every block at one level", "Level", "#CC79A7", "square"),
    "full": Method("Full model", "Full model", "#D55E00", "pentagon"),
    "baseline": Method("Separate networks (Baseline)", "Separate", "#999999", "cross"),
    "narrow": Method("Separate narrow networks", "Narrow", "#332288", "triangle-left"),
    "random": Method("Random structures", "Random", "#E69F00", "triangle-up"),
    "static": Method("Best static structure per task", "Static", "#009E73", "diamond"),
    "twin": Method("Twin that never looks", "Twin", "#AA4499", "triangle-down"),
    "permuted": Method("Permuted: own choices of other images", "Permuted", "#56B4E9", "x"),
    "cost_weight": Method("Own choice at a cost weight", "Cost weight", "#0072B2", "circle"),
    "dial": Method("Dial: the best within a budget", "Dial", "#0072B2", "diamond-open"),
    "chosen": Method("Own choice", "Own choice", "#0072B2", "star"),
}
"By the method's key in metrics.json, in drawing order: what is drawn last lies on top."
