"""Accuracy against MACs, and how the use of levels moves with the cost weight."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app import style
from den_core.methods import METHODS

PARAMETERS = {
    "cost_weight": "cost weight %{customdata[1]:g}<br>",
    "level": "level %{customdata[1]:.0f}<br>",
    "dial": "within %{customdata[1]:.0%} of the full MACs: %{customdata[3]}<br>",
}
"What the hover text says of a method's parameter."
DASHES = {"cost_weight": "solid", "dial": "dash"}
WITH_WEIGHT = ("cost_weight", "chosen")
"Methods whose points a cost weight gives."


def trade_off(
    points: pd.DataFrame, quantity: str, front: pd.DataFrame | None = None, weight: float | None = None
) -> go.Figure:
    """Accuracy against mean MACs, one mark per operating point; curves join points of one method only.

    Args:
        points: method, parameter, accuracy (fraction; whichever accuracy is to be drawn), mean_macs.
        quantity: title of the accuracy axis without its unit.
        front: the points of the Pareto front, drawn as a line of steps.
        weight: the cost weight that is shown, 0 for the network's own choice; that point gets a ring.
    """
    figure = go.Figure()
    if front is not None and not front.empty:
        _add_front(figure, front)
    for method, part in _methods(points):
        look = METHODS[method]
        single = method not in ("cost_weight", "level", "dial")
        figure.add_scatter(
            x=part["mean_macs"] / 1e6,
            y=part["accuracy"],
            # Lists, not an array: an array would come back from a click as something else.
            customdata=[
                [method, None if pd.isna(row.parameter) else float(row.parameter), *_more(row)]
                for row in part.itertuples()
            ],
            name=look.name,
            legendrank=1000 - len(figure.data),
            mode="markers" if single else "lines+markers",
            marker={"symbol": look.symbol, "size": 13 if single else 9, "color": look.color, "line": {"width": 0.5}},
            line={"color": look.color, "dash": DASHES.get(method, "dot"), "width": 2},
            hovertemplate=f"{PARAMETERS.get(method, '')}%{{y:.2%}} at %{{x:.2f}} M MACs%{{customdata[2]}}"
            f"<extra>{look.name}</extra>",
            unselected={"marker": {"opacity": 1}},
        )
    if weight is not None:
        _add_ring(figure, points, weight)
    figure.update_xaxes(title_text="Mean MACs per image (millions)", rangemode="tozero")
    figure.update_yaxes(title_text=f"{quantity} (%)", tickformat=".0%")
    return style.layout(figure, height=480, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})


def _more(row: Any) -> tuple[str, str]:
    """The share that was answered early, and what a stop of the dial is, for the hover text."""
    early = getattr(row, "early", None)
    return "" if early is None or pd.isna(early) else f"<br>{early:.0%} answered early", getattr(row, "picked", "")


def _methods(points: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    parts = [(method, points[points["method"] == method].sort_values("mean_macs")) for method in METHODS]
    return [(method, part) for method, part in parts if not part.empty]


def _add_front(figure: go.Figure, front: pd.DataFrame) -> None:
    front = front.sort_values("mean_macs")
    figure.add_scatter(
        x=front["mean_macs"] / 1e6,
        y=front["accuracy"],
        mode="lines",
        line={"shape": "hv", "color": style.OTHER_COLOR, "width": 7},
        opacity=0.35,
        name="Best accuracy within a budget (Pareto front)",
        hoverinfo="skip",
    )


def _add_ring(figure: go.Figure, points: pd.DataFrame, weight: float) -> None:
    here = points[(points["method"] == "cost_weight") & (points["parameter"] == weight)]
    here = points[points["method"] == "chosen"] if weight == 0 else here
    figure.add_scatter(
        x=here["mean_macs"] / 1e6,
        y=here["accuracy"],
        mode="markers",
        marker={"symbol": "circle-open", "size": 26, "color": style.OUTLINE, "line": {"width": 3}},
        name="The cost weight above",
        hoverinfo="skip",
        legendrank=2000,
    )


def level_drift(drift: pd.DataFrame, num_levels: int, weight: float) -> go.Figure:
    """Which levels the blocks run at: one bar of shares per cost weight, with blocks that no estimator runs on top.

    Args:
        drift: of one task, as `den_core.analysis.cost_weight.drift` returns it.
        weight: the cost weight that is shown; its bar is framed.
    """
    weights = sorted(drift["weight"].unique())
    names = [weight_title(value) for value in weights]
    figure = go.Figure()
    for level, color in enumerate(style.level_colors(num_levels)):
        part = drift[drift["level"] == level].set_index("weight").loc[weights]
        figure.add_bar(
            x=names,
            y=part["share"],
            name=f"level {level}",
            marker={"color": color, "line": {"width": 0.5, "color": style.OTHER_COLOR}},
            hovertemplate=f"level {level}: %{{y:.1%}} of the blocks<extra>cost weight %{{x}}</extra>",
        )
    early = drift.groupby("weight")["early"].first().loc[weights]
    if early.any():
        figure.add_bar(
            x=names,
            y=early,
            name="answered early",
            marker={"color": "rgba(0, 0, 0, 0)", "line": {"width": 1, "color": style.OTHER_COLOR}},
            hovertemplate="%{y:.1%} of the images answered by the selector<extra>cost weight %{x}</extra>",
        )
    if weight in weights:
        place = weights.index(weight)
        frame = {"x0": place - 0.46, "x1": place + 0.46, "y0": 0, "y1": 1}
        figure.add_shape(type="rect", line={"color": style.OUTLINE, "width": 3}, **frame)
    figure.update_xaxes(title_text="Cost weight (0 is the network's own choice)", type="category", showgrid=False)
    figure.update_yaxes(title_text="Share of blocks (%)", tickformat=".0%", range=[0, 1.005], showgrid=False)
    return style.layout(
        figure, height=330, barmode="stack", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )


def weight_title(weight: float) -> str:
    """A cost weight as axes, the slider and links show it: four digits tell measured ones apart."""
    return f"{weight:.4g}"


def usage_change(frame: pd.DataFrame) -> go.Figure:
    """Share of images at every level minus that of the network's own choice, per block; 0 is white.

    Args:
        frame: n rows (blocks) and h columns (levels), in [-1, 1].
    """
    reach = max(float(frame.abs().to_numpy().max()), 0.01)
    figure = go.Figure(style.cells(frame, "change"))
    style.block_axes(figure, frame)
    bar = style.percent_bar("Change") | {"tickformat": "+.0%"}
    scale = {"colorscale": style.DIFFERENCE_SCALE, "cmin": -reach, "cmax": reach, "colorbar": bar}
    return style.layout(figure, height=250, coloraxis=scale)
