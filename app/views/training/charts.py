"""How a run went: accuracy, loss, MACs and learning rate over the images that it saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app import style
from den_core.analysis.history import Turn

NETWORK_COLORS = {"estimator": "#0072B2", "selector": "#E69F00"}
"Of the bands behind the curves."


def training_curves(
    history: pd.DataFrame, by_task: pd.DataFrame, turns: Sequence[Turn], colors: dict[str, str]
) -> go.Figure:
    """Four panels under each other on one axis of images seen, the turns of Algorithm 1 as bands behind them.

    Args:
        history: of history.csv.
        by_task: images_seen and validation accuracy by the title of the task, fractions.
        turns: in their order.
        colors: by the title of the task.
    """
    figure = make_subplots(rows=4, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.4, 0.2, 0.22, 0.18])
    _add_accuracy(figure, history, by_task, colors)
    # A line per turn: the two networks minimise different losses, and no line may join them.
    for place, turn in enumerate(turns):
        part = history[(history["images_seen"] > turn.start) & (history["images_seen"] <= turn.end)]
        line = {"color": NETWORK_COLORS.get(turn.network, style.OTHER_COLOR), "width": 2}
        first = turn.network not in [earlier.network for earlier in turns[:place]]
        for row, column, text in ((2, "loss", "loss %{y:.3f}"), (4, "learning_rate", "learning rate %{y:.2g}")):
            figure.add_scatter(
                x=part["images_seen"],
                y=part[column],
                mode="lines+markers",
                line=line,
                marker={"size": 5, "symbol": "circle" if turn.network == "estimator" else "diamond"},
                name=f"{turn.network}: loss, learning rate",
                legendgroup=turn.network,
                showlegend=first and row == 2,
                hovertemplate=f"{text}<extra>{turn.network}, round {turn.round}</extra>",
                row=row,
                col=1,
            )
    _add_macs(figure, history)
    # Last: Plotly draws no band in a panel that is still empty.
    _add_bands(figure, turns)
    titles = ("Accuracy (%)", "Loss (nats)", "MACs (millions)", "Learning rate")
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(title_text=title, row=row, col=1)
    figure.update_yaxes(tickformat=".0%", row=1, col=1)
    figure.update_yaxes(rangemode="tozero", row=3, col=1)
    figure.update_yaxes(type="log", exponentformat="power", dtick=2, row=4, col=1)
    figure.update_xaxes(title_text="Training images seen", row=4, col=1)
    figure.update_xaxes(rangemode="tozero", zeroline=False)
    return style.layout(
        figure,
        height=860,
        legend={"orientation": "h", "y": -0.08, "yanchor": "top", "x": 0},
    )


def _add_bands(figure: go.Figure, turns: Sequence[Turn]) -> None:
    for turn in turns:
        color = NETWORK_COLORS.get(turn.network, style.OTHER_COLOR)
        figure.add_vrect(x0=turn.start, x1=turn.end, fillcolor=color, opacity=0.1, layer="below", line_width=0)
    total = turns[-1].end if turns else 0
    for turn in turns:
        # Narrow bands get a short name, the legend of the bands is in the caption.
        wide = turn.end - turn.start > 0.18 * total
        figure.add_annotation(
            x=(turn.start + turn.end) / 2,
            y=1.0,
            yref="paper",
            yanchor="bottom",
            text=f"{turn.network}, round {turn.round}" if wide else f"{turn.network[:3]}. {turn.round}",
            hovertext=f"{turn.network}, round {turn.round}",
            showarrow=False,
            font={"size": 11},
        )


def _add_accuracy(figure: go.Figure, history: pd.DataFrame, by_task: pd.DataFrame, colors: dict[str, str]) -> None:
    curves = [(f"{title}, validation", by_task[title], colors[title], "solid") for title in by_task if title in colors]
    curves.append(("All tasks, training", history["accuracy"], style.OTHER_COLOR, "dot"))
    if "validation_accuracy" in history:
        curves.append(("Average, validation", history["validation_accuracy"], style.OTHER_COLOR, "solid"))
    for name, values, color, dash in curves:
        figure.add_scatter(
            x=history["images_seen"],
            y=values,
            mode="lines+markers",
            line={"color": color, "dash": dash, "width": 2},
            marker={"size": 5},
            name=style.plain_text(name),
            hovertemplate=f"%{{y:.1%}} after %{{x:,}} images<extra>{style.plain_text(name)}</extra>",
            row=1,
            col=1,
        )


def _add_macs(figure: go.Figure, history: pd.DataFrame) -> None:
    if "validation_mean_macs" not in history:
        return
    distinct = history.get("validation_distinct", pd.Series(np.nan, index=history.index))
    figure.add_scatter(
        x=history["images_seen"],
        y=history["validation_mean_macs"] / 1e6,
        customdata=distinct,
        mode="lines+markers",
        line={"color": style.OTHER_COLOR, "width": 2, "shape": "hv"},
        marker={"size": 5},
        name="MACs on validation images",
        showlegend=False,
        hovertemplate="%{y:.1f} M MACs, %{customdata} different structures<extra></extra>",
        row=3,
        col=1,
    )
