"""Where answers are right and wrong, as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.style import CORRECT_COLOR, OTHER_COLOR, OUTLINE, PROBABILITY_SCALE, layout, percent_bar, plain_text

CLASS_LENGTH, SLICE_LENGTH = 18, 30
"Characters of a name beside an axis; the hover text has all of it."
MOST_LABELS = 60
"With more classes than this their names would run into each other."


def _short(name: str, length: int) -> str:
    return plain_text(name if len(name) <= length else name[: length - 1] + "…")


def confusion_map(
    counts: np.ndarray,
    shares: np.ndarray,
    class_names: Sequence[str],
    mistakes_only: bool = False,
    picked: tuple[int, int] | None = None,
) -> go.Figure:
    """True classes (rows) against answers (columns), coloured by the share of the class's images.

    A click on a cell that is not empty gives true class, answer, images.

    Args:
        counts, shares: (K, K), rows true classes.
        mistakes_only: leave the diagonal out and stretch the colours to the largest mistake.
        picked: true class and answer of a cell to be framed.
    """
    K = len(class_names)
    shown = np.where(np.eye(K, dtype=bool), np.nan, shares) if mistakes_only else shares
    reach = float(np.nanmax(shown, initial=0.0)) if mistakes_only else 1.0
    rows, columns = (found.tolist() for found in np.nonzero(counts))
    markers = go.Scattergl if len(rows) > 1000 else go.Scatter
    figure = go.Figure(
        [
            go.Heatmap(z=np.where(counts > 0, shown, np.nan), coloraxis="coloraxis", xgap=1, ygap=1, hoverinfo="skip"),
            markers(
                x=columns,
                y=rows,
                customdata=[
                    [class_names[row], class_names[column], int(counts[row, column]), float(shares[row, column])]
                    for row, column in zip(rows, columns, strict=True)
                ],
                text=[
                    f"{plain_text(class_names[row])} → {plain_text(class_names[column])} "
                    f"{'✓' if row == column else '✗'}"
                    for row, column in zip(rows, columns, strict=True)
                ],
                mode="markers",
                marker={"symbol": "square", "size": 20 if K <= 25 else 10, "opacity": 0, "color": OUTLINE},
                selected={"marker": {"opacity": 0}},
                unselected={"marker": {"opacity": 0}},
                hovertemplate="%{text}<br>%{customdata[2]:,} images, %{customdata[3]:.1%} of the class<extra></extra>",
                showlegend=False,
            ),
        ]
    )
    labels = [_short(name, CLASS_LENGTH) for name in class_names]
    ticks = {"showgrid": False, "zeroline": False, "range": [-0.5, K - 0.5]}
    if K <= MOST_LABELS:
        ticks |= {"tickvals": list(range(K)), "ticktext": labels, "tickfont": {"size": 12 if K <= 25 else 9}}
    figure.update_xaxes(title_text="Answer", tickangle=-45, **ticks)
    figure.update_yaxes(title_text="True class", **ticks | {"range": [K - 0.5, -0.5]})
    if picked is not None:
        row, column = picked
        corners = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", line={"color": OUTLINE, "width": 3}, **corners)
    return layout(
        figure,
        height=int(np.clip(170 + 27 * K, 320, 900)),
        coloraxis={
            "colorscale": PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": max(reach, 0.01),
            "colorbar": percent_bar("Share of the class's images"),
        },
    )


def slice_dots(
    table: pd.DataFrame, names: Sequence[str], colors: Mapping[str, str], titles: Mapping[str, str], overall: float
) -> go.Figure:
    """Accuracy of slices with its interval, one row each, beside the accuracy of all of them together.

    A click on a point gives task, group, start and end of the slice.

    Args:
        table: as `den_core.analysis.confusion.slices` returns it; drawn from above in its order.
        names: what stands beside every row.
        colors, titles: by task.
        overall: accuracy of all images, drawn as a line.
    """
    figure = go.Figure()
    places = np.arange(len(table))
    for task in titles:
        own = (table["task"] == task).to_numpy()
        if not own.any():
            continue
        part = table[own]
        figure.add_scatter(
            x=part["accuracy"],
            y=places[own],
            error_x=_interval(part) | {"width": 0, "color": colors[task]},
            mode="markers",
            marker={"color": colors[task], "size": 9},
            unselected={"marker": {"opacity": 1}},
            name=plain_text(titles[task]),
            text=[plain_text(names[place]) for place in places[own]],
            customdata=[
                [
                    task,
                    row.group,
                    *(None if np.isnan(edge) else edge for edge in (row.start, row.end)),
                    row.images,
                    row.macs / 1e6,
                ]
                for row in part.itertuples()
            ],
            hovertemplate="%{text}<br>accuracy %{x:.1%}, %{customdata[4]:,} images<br>"
            f"mean %{{customdata[5]:.1f}} M MACs<extra>{plain_text(titles[task])}</extra>",
        )
    figure.add_vline(overall, line={"dash": "dot", "width": 1, "color": OTHER_COLOR})
    figure.update_xaxes(title_text="Accuracy", tickformat=".0%", range=[-0.01, 1.01])
    figure.update_yaxes(
        tickvals=places,
        ticktext=[_short(name, SLICE_LENGTH) for name in names],
        range=[len(table) - 0.4, -0.6],
        showgrid=True,
    )
    return layout(
        figure,
        height=int(np.clip(110 + 22 * len(table), 200, 1200)),
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        showlegend=table["task"].nunique() > 1,
    )


def reliability_diagram(bins: pd.DataFrame) -> go.Figure:
    """Accuracy against confidence (above) and how many images have that confidence (below).

    A click on a point gives start and end of its bin.

    Args:
        bins: as `den_core.analysis.confusion.reliability` returns them.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06)
    picked = bins[["start", "end", "images"]].to_numpy().tolist()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="confidence = accuracy",
        line={"dash": "dot", "color": OTHER_COLOR, "width": 1},
        hoverinfo="skip",
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=bins["confidence"],
        y=bins["accuracy"],
        error_y=_interval(bins) | {"width": 4},
        mode="lines+markers",
        name="this network",
        line={"color": CORRECT_COLOR, "width": 2},
        marker={"color": CORRECT_COLOR, "size": 9},
        unselected={"marker": {"opacity": 1}},
        customdata=picked,
        hovertemplate="mean confidence %{x:.1%}: accuracy %{y:.1%}, %{customdata[2]:,} images<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=(bins["start"] + bins["end"]) / 2,
        y=bins["images"],
        width=(bins["end"] - bins["start"]) * 0.96,
        marker_color=OTHER_COLOR,
        unselected={"marker": {"opacity": 1}},
        customdata=picked,
        hovertemplate="confidence %{customdata[0]:.0%} to %{customdata[1]:.0%}: %{y:,} images<extra></extra>",
        showlegend=False,
        row=2,
        col=1,
    )
    figure.update_yaxes(title_text="Accuracy", tickformat=".0%", range=[0, 1.02], row=1, col=1)
    figure.update_yaxes(title_text="Images", row=2, col=1)
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title_text="Confidence (probability of the answer)", row=2, col=1)
    return layout(figure, height=420, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})


def _interval(table: pd.DataFrame) -> dict:
    """Error bars from low to high around the accuracy."""
    return {
        "type": "data",
        "symmetric": False,
        "array": table["high"] - table["accuracy"],
        "arrayminus": table["accuracy"] - table["low"],
        "thickness": 1.5,
    }
