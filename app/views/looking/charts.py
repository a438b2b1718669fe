"""What looking at the image is worth: differences with their intervals, curves over cost weights, benefit by image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app import style
from den_core.methods import METHODS


class Kind(NamedTuple):
    """How one of the differences is drawn."""

    label: str
    color: str
    symbol: str
    band: str = ""
    "Colour of its intervals, where it is measured at every cost weight."


KINDS = {
    "gain": Kind("over permuted (instance gain)", "#0072B2", "circle", "rgba(0, 114, 178, 0.22)"),
    "lead": Kind("over the best static structures", "#009E73", "diamond", "rgba(0, 158, 115, 0.22)"),
    "fixed": Kind("over the best fixed structure of any kind", METHODS["level"].color, METHODS["level"].symbol),
    "twin": Kind("over its twin that never looks", METHODS["twin"].color, METHODS["twin"].symbol),
}
"By the kind of difference, in the order of the legend."
CURVES = {"own": "cost_weight", "permuted": "permuted", "static": "static"}
"Column of an accuracy -> the method whose style its curve has on the page Trade-off."
BY_COST_WEIGHT = ("gain", "lead")
"Differences that are measured at every cost weight."
REFERENCES = ("full", "narrow", "baseline")
"Methods without a cost weight, drawn as a point and a horizontal line."
LEGEND_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
POINTS = "Accuracy difference (percentage points)"


def differences(table: pd.DataFrame, titles: dict[str, str]) -> go.Figure:
    """One row per task, in it a dot per difference with its interval, and a line at zero.

    A filled dot's interval leaves out zero; an open one's does not, or there is none.

    Args:
        table: as `den_core.analysis.instance_gain.differences` returns it.
        titles: by task, the average included; rows from the top.
    """
    figure = go.Figure()
    kinds = [kind for kind in KINDS if (table["kind"] == kind).any()]
    for place, kind in enumerate(kinds):
        look, part = KINDS[kind], table[table["kind"] == kind].set_index("task").loc[list(titles)]
        shift = 0.26 * (place - (len(kinds) - 1) / 2)
        clear = (part["low"] > 0) | (part["high"] < 0)
        figure.add_scatter(
            x=100 * part["value"],
            y=[row + shift for row in range(len(part))],
            error_x=_reach(part) | {"color": look.color},
            mode="markers",
            name=look.label,
            marker={
                "color": look.color,
                "size": 12,
                "symbol": [look.symbol if filled else f"{look.symbol}-open" for filled in clear],
                "line": {"width": 2, "color": look.color},
            },
            hovertext=[_hover(style.plain_text(titles[entry.Index]), entry) for entry in part.itertuples()],
            hovertemplate=f"%{{hovertext}}<extra>{look.label}</extra>",
            showlegend=False,
        )
    for look in (
        KINDS[kind] for kind in kinds
    ):  # a legend of its own: Plotly's would show the first dot, filled or open
        marker = {"color": look.color, "size": 12, "symbol": look.symbol}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=look.label, marker=marker)
    figure.add_vline(0, line={"width": 1.5, "color": style.OTHER_COLOR})
    figure.update_xaxes(title_text=POINTS, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(titles))),
        ticktext=[style.plain_text(title) for title in titles.values()],
        range=[len(titles) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        ticklabelstandoff=6,
    )
    height = 100 + max(50, 20 * len(kinds)) * len(titles)
    return style.layout(figure, height=height, legend=LEGEND_ABOVE, hovermode="closest")


def _reach(part: pd.DataFrame) -> dict:
    """From the values to the ends of their intervals, in percentage points; none where there is no interval."""
    arrays = {"array": 100 * (part["high"] - part["value"]), "arrayminus": 100 * (part["value"] - part["low"])}
    return {"type": "data", "symmetric": False, "thickness": 2, "width": 5} | arrays


def _hover(title: str, entry) -> str:
    interval = "" if pd.isna(entry.low) else f"<br>95 % interval {100 * entry.low:+.2f} to {100 * entry.high:+.2f}"
    return f"{title}: {100 * entry.value:+.2f} points{interval}"


def accuracy_curves(curves: pd.DataFrame, points: pd.DataFrame) -> go.Figure:
    """Accuracy against mean MACs of the own choice and its two controls; the network as trained is a star.

    Args:
        curves: of one task or the average, as `den_core.analysis.instance_gain.cost_curves` returns it.
        points: operating points of the same task or average, for the references and the twin.
    """
    figure = go.Figure()
    for column, method in CURVES.items():
        look = METHODS[method]
        macs = "static_macs" if column == "static" else "mean_macs"
        part = curves.sort_values(macs)
        figure.add_scatter(
            x=part[macs] / 1e6,
            y=part[column],
            mode="lines+markers",
            name=look.name,
            customdata=part["cost_weight"].tolist(),
            line={"color": look.color, "width": 2, "dash": "solid" if column == "own" else "dot"},
            marker={"symbol": look.symbol, "size": 8, "color": look.color},
            hovertemplate=f"cost weight %{{customdata:.4g}}<br>%{{y:.2%}} at %{{x:.2f}} M MACs"
            f"<extra>{look.name}</extra>",
        )
    own = curves[curves["cost_weight"] == 0]
    twin = points[points["method"] == "twin"]
    if len(twin):
        _add_point(figure, "twin", twin["mean_macs"], twin["accuracy"])
    _add_point(figure, "chosen", own["mean_macs"], own["own"])
    for method in REFERENCES:
        part = points[points["method"] == method]
        if len(part):
            _add_point(figure, method, part["mean_macs"], part["accuracy"])
            line = {"dash": "dot", "width": 1, "color": METHODS[method].color}
            figure.add_hline(float(part["accuracy"].iloc[0]), line=line)
    figure.update_xaxes(title_text="Mean MACs per image (millions)", rangemode="tozero")
    figure.update_yaxes(title_text="Accuracy (%)", tickformat=".0%")
    return style.layout(figure, height=430, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})


def _add_point(figure: go.Figure, method: str, macs: pd.Series, accuracy: pd.Series) -> None:
    look = METHODS[method]
    figure.add_scatter(
        x=macs / 1e6,
        y=accuracy,
        mode="markers",
        name=look.name,
        marker={"symbol": look.symbol, "size": 14, "color": look.color, "line": {"width": 0.5}},
        hovertemplate=f"%{{y:.2%}} at %{{x:.2f}} M MACs<extra>{look.name}</extra>",
    )


def difference_curves(curves: pd.DataFrame) -> go.Figure:
    """Gain (above) and lead (below) by share of the full model's MACs, with their intervals as bands.

    Args:
        curves: of one task or the average, as `den_core.analysis.instance_gain.cost_curves` returns it.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1)
    part = curves.sort_values("share")
    for row, kind in enumerate(BY_COST_WEIGHT, start=1):
        look = KINDS[kind]
        where = {"row": row, "col": 1}
        # Along the upper ends and back along the lower ones.
        figure.add_scatter(
            x=[*part["share"], *part["share"][::-1]],
            y=[100 * end for end in (*part[f"{kind}_high"], *part[f"{kind}_low"][::-1])],
            mode="lines",
            fill="toself",
            fillcolor=look.band,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            **where,
        )
        figure.add_scatter(
            x=part["share"],
            y=100 * part[kind],
            mode="lines+markers",
            name=look.label,
            line={"color": look.color, "width": 2},
            marker={
                "color": look.color,
                "symbol": ["star" if weight == 0 else look.symbol for weight in part["cost_weight"]],
                "size": [14 if weight == 0 else 8 for weight in part["cost_weight"]],
            },
            customdata=(part[["cost_weight", f"{kind}_low", f"{kind}_high"]] * [1, 100, 100]).to_numpy().tolist(),
            hovertemplate="cost weight %{customdata[0]:.4g}, %{x:.0%} of the full MACs<br>%{y:+.2f} points "
            f"(95 % interval %{{customdata[1]:+.2f}} to %{{customdata[2]:+.2f}})<extra>{look.label}</extra>",
            **where,
        )
        figure.add_hline(0, line={"width": 1.5, "color": style.OTHER_COLOR}, **where)
    figure.update_yaxes(title_text="Gain (points)", zeroline=False, row=1, col=1)
    figure.update_yaxes(title_text="Lead (points)", zeroline=False, row=2, col=1)
    figure.update_xaxes(tickformat=".0%")
    figure.update_xaxes(title_text="Mean MACs ÷ MACs of the full model (%)", row=2, col=1)
    return style.layout(figure, height=430, legend=LEGEND_ABOVE)


def rho_sweep(sweep: pd.DataFrame) -> go.Figure:
    """Accuracy against the share of the full MACs, one labelled point per rho.

    Args:
        sweep: as the rows of `den_core.analysis.instance_gain.rho_sweep`.
    """
    figure = go.Figure(
        go.Scatter(
            x=sweep["share"],
            y=sweep["accuracy"],
            mode="lines+markers+text",
            text=[f"ρ = {rho:g}" for rho in sweep["rho"]],
            textposition="top center",
            cliponaxis=False,
            line={"color": style.OKABE_ITO[0], "width": 1, "dash": "dot"},
            marker={"color": style.OKABE_ITO[0], "size": 10},
            customdata=sweep["distinct_per_600"].tolist(),
            hovertemplate="%{text}: %{y:.2%} at %{x:.1%} of the full MACs<br>"
            "%{customdata:.0f} structures in 600 images<extra></extra>",
        )
    )
    # Plotly leaves room for the points, not for their labels.
    room = 0.12 * max(sweep["share"].max() - sweep["share"].min(), 0.05)
    ends = [sweep["share"].min() - room, sweep["share"].max() + room]
    figure.update_xaxes(title_text="Mean MACs ÷ MACs of the full model (%)", tickformat=".0%", range=ends)
    figure.update_yaxes(title_text="Accuracy (%)", tickformat=".1%")
    return style.layout(figure, height=300)


def benefit_histogram(bins: pd.DataFrame) -> go.Figure:
    """How many images have how much benefit from their own structure, on a logarithmic scale.

    Args:
        bins: as `den_core.analysis.benefit.benefit_bins` returns it.
    """
    figure = go.Figure()
    sides = (
        ("worse than other images' structures", style.WRONG_COLOR, "/", bins["start"] < 0),
        ("better than other images' structures", style.CORRECT_COLOR, "", bins["start"] >= 0),
    )
    for name, color, shape, side in sides:
        part = bins[side]
        figure.add_bar(
            x=50 * (part["start"] + part["end"]),
            y=part["images"],
            width=100 * (part["end"] - part["start"]),
            name=name,
            marker={"color": color, "pattern": {"shape": shape, "fillmode": "overlay", "size": 6}},
            customdata=(100 * part[["start", "end"]]).to_numpy().tolist(),
            hovertemplate="%{customdata[0]:+.0f} to %{customdata[1]:+.0f} points: %{y:,} images<extra></extra>",
        )
    figure.update_xaxes(title_text="Benefit: probability of the true class, own minus others (points)", zeroline=False)
    # From below 1 on, so that a bar of a single image has a height.
    top = np.log10(2 * max(bins["images"].max(), 1))
    figure.update_yaxes(
        title_text="Images (logarithmic)", type="log", exponentformat="none", dtick=1, range=[-0.3, top]
    )
    return style.layout(figure, height=320, bargap=0.04, barmode="overlay", legend=LEGEND_ABOVE)
