"""What is spent on hard images, as figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.style import CORRECT_COLOR, OTHER_COLOR, WRONG_COLOR, hatching, layout

MILLION = 1e6


def _reach(middle: pd.Series, low: pd.Series, high: pd.Series, scale: float = 1) -> dict:
    arrays = {"array": (high - middle) / scale, "arrayminus": (middle - low) / scale}
    return {"type": "data", "symmetric": False, "thickness": 1.5, "width": 4} | arrays


def macs_groups(table: pd.DataFrame, color: str, marked: int | None = None) -> go.Figure:
    """Accuracy (above) and mean loss (below) of the groups, from the cheapest structures to the most expensive.

    A click on a point gives group, smallest and largest MACs.

    Args:
        table: as `den_core.analysis.hardness.by_macs` returns it.
        marked: a group that is a diamond.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    picked = table[["group", "macs_low", "macs_high", "images", "structures", "early"]].to_numpy().tolist()
    size = 9 + 15 * np.sqrt(table["images"] / table["images"].max())
    hover = (
        "group %{customdata[0]}: %{customdata[3]:,} images, %{customdata[4]} structures, %{customdata[5]:,} answered "
        "early<br>mean %{x:.1f} M MACs<br>"
    )
    for row, (column, low, high, text) in enumerate(
        (
            ("accuracy", "low", "high", "accuracy %{y:.1%}"),
            ("loss", "loss_low", "loss_high", "mean loss %{y:.2f} nats"),
        ),
        start=1,
    ):
        figure.add_scatter(
            x=table["macs"] / MILLION,
            y=table[column],
            error_y=_reach(table[column], table[low], table[high]) | {"color": color},
            mode="markers+lines",
            line={"color": color, "width": 1, "dash": "dot"},
            marker={
                "color": color,
                "size": size,
                "opacity": 1,
                "symbol": ["diamond" if group == marked else "circle" for group in table["group"]],
            },
            unselected={"marker": {"opacity": 1}},
            customdata=[[int(group) + 1, *rest] for group, *rest in picked],
            hovertemplate=hover + text + "<extra></extra>",
            showlegend=False,
            row=row,
            col=1,
        )
    figure.update_yaxes(title_text="Accuracy", tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title_text="Mean loss (nats)", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title_text="Mean MACs of the group (millions, with selector)", row=2, col=1)
    return layout(figure, height=430)


def spending(table: pd.DataFrame, color: str, mean_macs: float) -> go.Figure:
    """MACs that the network chose to spend, from the images that are easiest to those that are hardest.

    Args:
        table: as `den_core.analysis.hardness.spending_by_hardness` returns it.
        mean_macs: over all images, drawn as a line.
    """
    place = table["group"] + 1
    figure = go.Figure()
    figure.add_scatter(
        x=place,
        y=table["macs"] / MILLION,
        error_y=_reach(table["macs"], table["low"], table["high"], MILLION) | {"color": color},
        mode="markers+lines",
        line={"color": color, "width": 2},
        marker={"color": color, "size": 9},
        customdata=table[["images", "hard_low", "hard_high", "accuracy"]].to_numpy().tolist(),
        hovertemplate="%{customdata[0]:,} images with a loss of %{customdata[1]:.3f} to %{customdata[2]:.3f} nats<br>"
        "mean %{y:.2f} M MACs, accuracy %{customdata[3]:.1%}<extra></extra>",
        showlegend=False,
    )
    figure.add_hline(mean_macs / MILLION, line={"dash": "dot", "width": 1, "color": OTHER_COLOR})
    figure.update_xaxes(title_text="Group of images: 1 is easiest, the last is hardest", dtick=1)
    figure.update_yaxes(title_text="Mean MACs (millions, with selector)")
    return layout(figure, height=310)


def outcome_bars(table: pd.DataFrame, titles: dict[str, str], marked: str | None = None) -> go.Figure:
    """How many images could have been served cheaper, and how many not: one bar per outcome.

    A click on a bar gives the outcome.

    Args:
        table: as `den_core.analysis.hardness.outcome_table` returns it.
        titles: by outcome.
        marked: an outcome whose bar is hatched.
    """
    right = table["images"] - table["wrong"]
    figure = go.Figure()
    for name, count, color in (
        ("✓ answer right", right, CORRECT_COLOR),
        ("✗ answer wrong", table["wrong"], WRONG_COLOR),
    ):
        figure.add_bar(
            x=count,
            y=[titles[key] for key in table["outcome"]],
            orientation="h",
            name=name,
            marker={"color": color, "pattern": hatching(table["outcome"] == marked)},
            unselected={"marker": {"opacity": 1}},
            customdata=table[["outcome", "share", "low", "high"]].to_numpy().tolist(),
            hovertemplate="%{y}<br>%{x:,} images; with both colours %{customdata[1]:.1%} of all "
            f"(95 % interval %{{customdata[2]:.1%}} to %{{customdata[3]:.1%}})<extra>{name}</extra>",
        )
    figure.update_xaxes(title_text="Images")
    figure.update_yaxes(autorange="reversed", type="category", ticklabelstandoff=6)
    return layout(
        figure,
        height=110 + 34 * len(table),
        barmode="stack",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )


def overspend_histogram(table: pd.DataFrame, marked: int | None = None) -> go.Figure:
    """How many MACs more (right of 0) or fewer (left) than the cheapest tried right structure the images got.

    A click on a bar gives its place.

    Args:
        table: as `den_core.analysis.hardness.overspend_bins` returns it.
        marked: place of a bin whose bar is hatched.
    """
    figure = go.Figure()
    width = (table["end"] - table["start"]) / MILLION
    for name, column, color in (
        ("✓ answer right", "right", CORRECT_COLOR),
        ("✗ answer wrong", "wrong", WRONG_COLOR),
    ):
        figure.add_bar(
            x=(table["start"] + table["end"]) / 2 / MILLION,
            width=width,
            y=table[column],
            name=name,
            marker={"color": color, "pattern": hatching([place == marked for place in range(len(table))])},
            unselected={"marker": {"opacity": 1}},
            customdata=[
                [place, *row] for place, row in enumerate((table[["start", "end"]] / MILLION).to_numpy().tolist())
            ],
            hovertemplate="%{customdata[1]:.1f} to %{customdata[2]:.1f} M MACs beyond need<br>%{y:,} images"
            f"<extra>{name}</extra>",
        )
    figure.add_vline(0, line={"width": 1, "color": OTHER_COLOR})
    figure.update_xaxes(title_text="MACs beyond need (millions)")
    figure.update_yaxes(title_text="Images")
    return layout(
        figure,
        height=320,
        barmode="stack",
        bargap=0.04,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
