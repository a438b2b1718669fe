"""One image as figures: its accuracy–cost picture, what the cost weight does to it, how steady its choice is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from app.style import (
    OTHER_COLOR,
    PROBABILITY_SCALE,
    block_axes,
    cell_outlines,
    cells,
    layout,
    percent_bar,
    plain_text,
)
from den_core.methods import METHODS, Method
from den_core.structure_keys import structure_name, what_ran

COST_WEIGHTS = (
    *(-10.0, -7.0, -5.0, -4.0, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0),
    *(10.0, 14.0, 20.0, 30.0, 40.0, 50.0, 70.0, 100.0),
)
"Cost weights that its slider has, nats per full block's MACs; close together where most structures change."
WEIGHT_COLOR, PROBABILITY_COLOR = METHODS["cost_weight"].color, "#CC79A7"
FORCED = Method("Forced in the path editor", "Forced", "#D55E00", "diamond")
KINDS = {
    "random": (METHODS["random"], 8),
    "level": (METHODS["level"], 10),
    "cost_weight": (METHODS["cost_weight"], 7),
    "chosen": (METHODS["chosen"], 17),
    "forced": (FORCED, 13),
}
"Look and size of the mark of every kind of structure that was tried, in drawing order."


def cell_colors(distribution: np.ndarray) -> list[list[str]]:
    """The colour of every probability, (n, h), on the scale that all maps use."""
    n, h = np.shape(distribution)
    colors = sample_colorscale(PROBABILITY_SCALE, np.clip(distribution, 0, 1).ravel().tolist())
    return [colors[h * block : h * (block + 1)] for block in range(n)]


def costs_of_image(tried: pd.DataFrame, front: Sequence[bool], column: str, wanted: str) -> go.Figure:
    """Probability of a class against MACs, one mark per structure that the image was run through.

    Args:
        tried: kind (of KINDS), parameter, structure, class_name, probability, and the MACs to draw.
        front: which of them no other structure beats, (len(tried),).
        column: of the MACs.
        wanted: name of the class, for the axis.
    """
    figure = go.Figure()
    best = tried[np.asarray(front, dtype=bool)].sort_values(column)
    figure.add_scatter(
        x=best[column] / 1e6,
        y=best["probability"],
        name="Pareto front: nothing tried is better and cheaper",
        mode="lines",
        line={"color": OTHER_COLOR, "width": 6, "shape": "hv"},
        opacity=0.35,
        hoverinfo="skip",
    )
    for kind, (look, size) in KINDS.items():
        part = tried[tried["kind"] == kind].sort_values(column)
        if part.empty:
            continue
        joined = kind in ("cost_weight", "level")
        figure.add_scatter(
            x=part[column] / 1e6,
            y=part["probability"],
            customdata=[
                [
                    row.structure,
                    plain_text(row.class_name),
                    _parameter(kind, row.parameter),
                    structure_name(row.structure),
                ]
                for row in part.itertuples()
            ],
            name=look.name,
            mode="lines+markers" if joined else "markers",
            line={"color": look.color, "width": 1.5, "dash": "solid" if kind == "cost_weight" else "dot"},
            marker={"symbol": look.symbol, "size": size, "color": look.color, "line": {"width": 0.5}},
            hovertemplate="%{customdata[3]}%{customdata[2]}<br>%{y:.1%} at %{x:.2f} M MACs<br>"
            f"answers %{{customdata[1]}}<extra>{look.name}</extra>",
        )
    figure.update_xaxes(title_text="MACs (millions)", rangemode="tozero")
    top = min(1.15 * float(tried["probability"].max()) + 0.02, 1.05)
    title = f"Probability of {plain_text(wanted)} (%)"
    figure.update_yaxes(title_text=title, tickformat=".0%", range=[-0.04 * top, top])
    return layout(figure, height=430, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})


def _parameter(kind: str, value: float) -> str:
    return f", cost weight {value:+.2f}" if kind == "cost_weight" else f", level {value:.0f}" if kind == "level" else ""


def along_cost_weight(along: pd.DataFrame, weight: float, full_macs: int) -> go.Figure:
    """What the cost weight changes for one image: share of the full model's MACs, and probability of a class.

    Args:
        along: low (the cost weight from which on a structure holds, rising), total_macs, probability, structure.
        weight: the one that is set now.
        full_macs: of the full model, without the selector.
    """
    figure = go.Figure()
    left, right = COST_WEIGHTS[0], COST_WEIGHTS[-1]
    starts = along["low"].clip(lower=left, upper=right)
    ran = [what_ran(key) for key in along["structure"]]
    lines = (
        ("MACs, share of the full model's", along["total_macs"] / full_macs, WEIGHT_COLOR, "solid"),
        ("Probability of the class", along["probability"], PROBABILITY_COLOR, "dot"),
    )
    for name, values, color, dash in lines:
        figure.add_scatter(
            x=[*starts, right],
            y=[*values, values.iloc[-1]],
            customdata=[*ran, ran[-1]],
            name=name,
            mode="lines",
            line={"shape": "hv", "color": color, "dash": dash, "width": 2.5},
            hovertemplate="%{y:.1%}, %{customdata}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=weight, line={"color": OTHER_COLOR, "width": 2, "dash": "dash"})
    figure.update_xaxes(title_text="Cost weight (nats per full block's MACs)", range=[left, 20])
    figure.update_yaxes(title_text="Share (%)", tickformat=".0%", rangemode="tozero")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return layout(figure, height=300, hovermode="x unified", legend=legend)


def steadiness_of_blocks(blocks: pd.DataFrame) -> go.Figure:
    """Per block: how often changed forms of an image keep its level, and how far its distribution moves.

    Args:
        blocks: indexed by block; level, kept (fraction), distance (mean l2).
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.55, 0.45], vertical_spacing=0.08)
    levels = blocks["level"].tolist()
    figure.add_bar(
        x=blocks.index,
        y=blocks["kept"],
        customdata=levels,
        marker_color=WEIGHT_COLOR,
        hovertemplate="block %{x}, level %{customdata}<br>kept by %{y:.0%} of the changed images<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=blocks.index,
        y=blocks["distance"],
        marker_color=OTHER_COLOR,
        hovertemplate="block %{x}<br>moves by %{y:.3f} on average<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_yaxes(title_text="Keep the level (%)", tickformat=".0%", range=[0, 1.02], row=1, col=1)
    reach = max(0.1, 1.1 * float(blocks["distance"].max()))
    figure.update_yaxes(title_text="Mean distance", range=[0, reach], row=2, col=1)
    figure.update_xaxes(tickmode="linear", dtick=1 if len(blocks) <= 12 else 2, showgrid=False)
    figure.update_xaxes(title_text="Block", row=2, col=1)
    return layout(figure, height=320, showlegend=False, bargap=0.25)


def distribution_map(frame: pd.DataFrame, levels: Sequence[int], compact: bool = False) -> go.Figure:
    """The model distribution of one image, with the chosen level of every block outlined.

    Args:
        frame: probabilities, n rows (blocks) and h columns (levels).
        levels: the chosen level of every block.
        compact: leave out the colour scale, for narrow columns.
    """
    figure = go.Figure(cells(frame, "probability"))
    block_axes(figure, frame)
    return layout(
        figure,
        height=230,
        shapes=cell_outlines(levels),
        coloraxis={
            "colorscale": PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": percent_bar("Probability"),
            "showscale": not compact,
        },
    )


def distribution_table(distribution: np.ndarray, levels: Sequence[int]) -> pd.DataFrame:
    """What `distribution_map` shows, as a table to save.

    Args:
        distribution: (n, h).
        levels: the chosen level of every block.

    Returns:
        block, level, probability, chosen; n·h rows.
    """
    n, h = distribution.shape
    block, level = np.divmod(np.arange(n * h), h)
    chosen = np.asarray(levels)[block] == level
    return pd.DataFrame({"block": block, "level": level, "probability": distribution.ravel(), "chosen": chosen})
