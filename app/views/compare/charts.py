"""Two checkpoints side by side: accuracy and MACs, who is right where, structures against structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app import style

OUTCOME_TITLES = {
    "both": "Both right ✓✓",
    "first": "Only the first right ✓✗",
    "second": "Only the second right ✗✓",
    "neither": "Both wrong ✗✗",
}
FIRST_COLOR, SECOND_COLOR = "#0072B2", "#E69F00"


def both_points(first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str], colors: dict[str, str]) -> go.Figure:
    """Accuracy against mean MACs of two networks, an arrow per task from the first to the second.

    Args:
        first, second: accuracy (fraction) and mean_macs, by the title of the task.
        names: of the two checkpoints.
        colors: by the title of the task.
    """
    figure = go.Figure()
    for task in first.index:
        pair = pd.DataFrame([first.loc[task], second.loc[task]])
        figure.add_scatter(
            x=pair["mean_macs"] / 1e6,
            y=pair["accuracy"],
            mode="lines+markers",
            name=style.plain_text(task),
            customdata=[[style.plain_text(name)] for name in names],
            line={"color": colors[task], "width": 2},
            marker={"size": [9, 15], "symbol": ["circle", "arrow"], "angleref": "previous", "color": colors[task]},
            hovertemplate=f"%{{customdata[0]}}: %{{y:.2%}} at %{{x:.2f}} M MACs<extra>{style.plain_text(task)}</extra>",
        )
    figure.update_xaxes(title_text="Mean MACs per image (millions)", rangemode="tozero")
    figure.update_yaxes(title_text="Accuracy (%)", tickformat=".0%")
    return style.layout(figure, height=320, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})


def two_by_two(counts: dict[str, int], chosen: str | None = None) -> go.Figure:
    """How many images both networks, one of them, or none gets right, as four cells that can be clicked.

    Args:
        counts: images by outcome.
        chosen: the outcome whose cell is framed.
    """
    total = max(sum(counts.values()), 1)
    table = np.array([[counts["both"], counts["second"]], [counts["first"], counts["neither"]]], dtype=float)
    keys = [["both", "second"], ["first", "neither"]]
    figure = go.Figure(
        go.Heatmap(
            x=[0, 1], y=[0, 1], z=table / total, colorscale="Blues", zmin=0, zmax=1, showscale=False, xgap=3, ygap=3,
            hoverinfo="skip",
        )
    )  # fmt: skip
    cells = [(x, y, keys[y][x]) for y in (0, 1) for x in (0, 1)]
    figure.add_scatter(
        x=[x for x, _, _ in cells],
        y=[y for _, y, _ in cells],
        customdata=[[key] for _, _, key in cells],
        mode="markers",
        marker={"symbol": "square", "size": 70, "opacity": 0, "color": style.OUTLINE},
        selected={"marker": {"opacity": 0.15}},
        unselected={"marker": {"opacity": 0}},
        hovertext=[f"{OUTCOME_TITLES[key]}: {counts[key]:,} images" for _, _, key in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    for x, y, key in cells:
        share = counts[key] / total
        figure.add_annotation(
            x=x,
            y=y,
            text=f"<b>{counts[key]:,}</b><br>{share:.1%}",
            showarrow=False,
            font={"size": 17, "color": "white" if share > 0.5 else "#1B2733"},
        )
        if key == chosen:
            edges = {"x0": x - 0.48, "x1": x + 0.48, "y0": y - 0.48, "y1": y + 0.48}
            figure.add_shape(type="rect", line={"color": style.OUTLINE, "width": 4}, **edges)
    marks = {"tickvals": [0, 1], "showgrid": False, "zeroline": False, "range": [-0.5, 1.5], "fixedrange": True}
    figure.update_xaxes(title_text="First network", ticktext=["✓ right", "✗ wrong"], side="top", **marks)
    figure.update_yaxes(title_text="Second network", ticktext=["✓ right", "✗ wrong"], **marks)
    figure.update_yaxes(range=[1.5, -0.5])
    style.layout(figure, height=320)
    return figure.update_layout(margin={"t": 60})


def macs_histogram(bins: pd.DataFrame, chosen: tuple[float, float] | None = None) -> go.Figure:
    """How many images cost how much more in the second network than in the first.

    Args:
        bins: of `den_core.analysis.comparison.macs_bins`.
        chosen: the edges of the bin that is framed.
    """
    names = [bin_title(low, high) for low, high in zip(bins["low"], bins["high"], strict=True)]
    colors = [
        SECOND_COLOR if low >= 0 and high > 0 else FIRST_COLOR if low < 0 else style.OTHER_COLOR
        for low, high in zip(bins["low"], bins["high"], strict=True)
    ]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=bins["images"],
            marker_color=colors,
            customdata=bins[["low", "high"]].to_numpy().tolist(),
            hovertemplate="%{x} M MACs: %{y:,} images<extra></extra>",
            unselected={"marker": {"opacity": 1}},
        )
    )
    if chosen is not None and bin_title(*chosen) in names:
        place = names.index(bin_title(*chosen))
        figure.add_vrect(x0=place - 0.5, x1=place + 0.5, line={"color": style.OUTLINE, "width": 3})
    figure.update_xaxes(title_text="MACs of the second minus the first, per image (millions)", type="category")
    figure.update_yaxes(title_text="Images")
    return style.layout(figure, height=320, bargap=0.05)


def bin_title(low: float, high: float) -> str:
    """A bin of MACs differences, in millions."""
    if low == high:
        return "same"
    return " to ".join(f"{edge / 1e6:+g}".replace("-", "−") if edge else "0" for edge in (low, high))


def structure_pairs(
    first: np.ndarray, second: np.ndarray, labels: Sequence[str], num_levels: int, names: tuple[str, str]
) -> go.Figure:
    """Pairs of structures as barcodes side by side, one row per pair, the most frequent on top.

    Args:
        first, second: levels, (pairs, n).
        labels: how often, one per pair.
        names: of the two checkpoints.
    """
    titles = [style.plain_text(name) for name in names]
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    # Positions, not labels, on the axis: two pairs may be equally frequent.
    for column, levels in enumerate((first, second), start=1):
        trace = style.barcode(levels, [str(place) for place in range(len(levels))], num_levels)
        trace.update(hovertemplate="block %{x}, level %{z}<extra></extra>", showscale=column == 2)
        figure.add_trace(trace, row=1, col=column)
        figure.update_xaxes(title_text="Block", showgrid=False, tick0=0, dtick=1, row=1, col=column)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_yaxes(tickvals=[str(place) for place in range(len(labels))], ticktext=list(labels), row=1, col=1)
    return style.layout(figure, height=max(110 + 26 * len(first), 220))
