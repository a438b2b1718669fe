"""Data frames become Plotly figures here; nothing in this file knows Streamlit, files or networks.

Colours are fixed in two places below, for tasks and for levels, and used on every page. Tasks are categories
(Okabe-Ito, told apart by most colour-blind readers), levels are ordered (steps of cividis), probabilities run
from 0 to 1 on viridis whatever the data, so that a uniform row looks uniform.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999")
OTHER_COLOR = "#8A94A0"
"What is not one task or one structure: sums, averages, long tails."
PROBABILITY_SCALE = "viridis"
DIFFERENCE_SCALE = "PuOr"
OUTLINE = "#D55E00"
"Frame of chosen cells; it stands out from both ends of viridis."

METHOD_STYLES = {
    "level": ("Every block at one level", "#CC79A7", "square"),
    "full": ("Full network", "#D55E00", "pentagon"),
    "random": ("Random structures", "#E69F00", "triangle-up"),
    "static": ("Best single structure for all images", "#009E73", "diamond"),
    "permuted": ("Its structures shuffled among images", "#56B4E9", "x"),
    "cost_weight": ("This network, cost weight varied", "#0072B2", "circle"),
    "chosen": ("This network, as trained", "#0072B2", "star"),
}
"Label, colour and marker of every way to pick structures, in drawing order; markers differ without "
"colour too."


def task_colors(tasks: Sequence[str]) -> dict[str, str]:
    """One colour per task, by its place in the checkpoint's list of tasks."""
    return {task: OKABE_ITO[place % len(OKABE_ITO)] for place, task in enumerate(tasks)}


def level_colors(num_levels: int) -> list[str]:
    """One colour per level, rising in lightness with the level."""
    return sample_colorscale("cividis", np.linspace(0, 1, num_levels).tolist())


def plain_text(text: str) -> str:
    """Text as Plotly shows it literally: its labels take a few HTML tags, and names come from users."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _layout(figure: go.Figure, height: int, **options) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        uirevision="keep",
        dragmode=False,
        clickmode="event+select",
        hoverdistance=-1,
        **options,
    )
    return figure


def _cells(frame: pd.DataFrame, quantity: str) -> tuple[go.Heatmap, go.Scatter]:
    """A heatmap of blocks and levels, and invisible markers on its cells.

    Streamlit cannot select cells of a heatmap, so clicks and hover texts belong to the markers. Their customdata
    is block, level, value, as lists: an array would come back from a click as something else.
    """
    colors = go.Heatmap(
        x=frame.index,
        y=frame.columns,
        z=frame.to_numpy().T,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    blocks, levels = np.meshgrid(frame.index, frame.columns, indexing="ij")
    markers = go.Scatter(
        x=blocks.ravel(),
        y=levels.ravel(),
        customdata=np.stack([blocks.ravel(), levels.ravel(), frame.to_numpy().ravel()], axis=1).tolist(),
        mode="markers",
        marker={"symbol": "square", "size": 22, "opacity": 0, "color": OUTLINE},
        selected={"marker": {"opacity": 0.6}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate=f"block %{{x}}, level %{{y}}<br>{quantity} %{{customdata[2]:.1%}}<extra></extra>",
        showlegend=False,
    )
    return colors, markers


def _cell_outlines(levels: Sequence[int]) -> list[dict]:
    return [
        {
            "type": "rect",
            "x0": block - 0.46,
            "x1": block + 0.46,
            "y0": level - 0.46,
            "y1": level + 0.46,
            "line": {"color": OUTLINE, "width": 3},
        }
        for block, level in enumerate(levels)
    ]


def _block_axes(figure: go.Figure, frame: pd.DataFrame, **where) -> None:
    step = 1 if len(frame) <= 12 else 2
    plain = {"showgrid": False, "zeroline": False, "tickmode": "linear"}
    # Ranges are given, because the markers on the outer cells would widen them.
    blocks, levels = [-0.5, len(frame) - 0.5], [-0.5, frame.shape[1] - 0.5]
    figure.update_xaxes(title_text="Block", range=blocks, tick0=0, dtick=step, **plain, **where)
    figure.update_yaxes(title_text="Level", range=levels, tick0=0, dtick=1, **plain, **where)


def _percent_bar(title: str) -> dict:
    return {"title": {"text": title, "side": "right"}, "tickformat": ".0%", "thickness": 12}


def distribution_map(frame: pd.DataFrame, levels: Sequence[int], compact: bool = False) -> go.Figure:
    """The model distribution of one image, with the chosen level of every block outlined.

    Args:
        frame: probabilities, n rows (blocks) and h columns (levels).
        levels: the chosen level of every block.
        compact: leave out the colour scale, for narrow columns.
    """
    figure = go.Figure(_cells(frame, "probability"))
    _block_axes(figure, frame)
    return _layout(
        figure,
        height=230,
        shapes=_cell_outlines(levels),
        coloraxis={
            "colorscale": PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": _percent_bar("Probability"),
            "showscale": not compact,
        },
    )


def usage_maps(usages: dict[str, pd.DataFrame], quantity: str) -> go.Figure:
    """Level usage of several tasks, one heatmap under the other, on one colour scale (Fig. 6b).

    Args:
        usages: by the title of the task, n rows (blocks) and h columns (levels), fractions.
        quantity: what the colour means, with its unit.
    """
    figure = make_subplots(
        rows=len(usages),
        cols=1,
        shared_xaxes=True,
        subplot_titles=[plain_text(title) for title in usages],
        vertical_spacing=0.3 / max(len(usages), 2),
    )
    for row, frame in enumerate(usages.values(), start=1):
        figure.add_traces(_cells(frame, quantity.lower()), rows=row, cols=1)
        _block_axes(figure, frame, row=row, col=1)
        if row < len(usages):
            figure.update_xaxes(title_text="", row=row, col=1)
    return _layout(
        figure,
        height=60 + 185 * len(usages),
        coloraxis={"colorscale": PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "colorbar": _percent_bar(quantity)},
    )


def difference_map(frame: pd.DataFrame, first: str, second: str) -> go.Figure:
    """Level usage of one task minus another's; the scale is symmetric around 0."""
    reach = max(float(frame.abs().to_numpy().max()), 0.01)
    figure = go.Figure(_cells(frame, "difference"))
    _block_axes(figure, frame)
    return _layout(
        figure,
        height=270,
        coloraxis={
            "colorscale": DIFFERENCE_SCALE,
            "cmin": -reach,
            "cmax": reach,
            "colorbar": _percent_bar(plain_text(f"{first} − {second}")) | {"tickformat": "+.1%"},
        },
    )


def barcode(levels: np.ndarray, names: Sequence[str], num_levels: int) -> go.Heatmap:
    """Structures as rows of coloured cells, one per block, coloured by level.

    Args:
        levels: (structures, n).
    """
    colors = level_colors(num_levels)
    edges = np.linspace(0, 1, num_levels + 1)
    steps = [(edge, color) for i, color in enumerate(colors) for edge in (edges[i], edges[i + 1])]
    return go.Heatmap(
        x=np.arange(levels.shape[1]),
        y=list(names),
        z=levels,
        zmin=-0.5,
        zmax=num_levels - 0.5,
        colorscale=steps,
        xgap=1,
        ygap=3,
        colorbar={
            "title": {"text": "Level", "side": "right"},
            "tickvals": list(range(num_levels)),
            "thickness": 12,
            "lenmode": "pixels",
            "len": 150,
        },
        hovertemplate="%{y}<br>block %{x}, level %{z}<extra></extra>",
    )


def chosen_histogram(
    counts: pd.DataFrame, levels: np.ndarray, num_levels: int, colors: dict[str, str], total: int
) -> go.Figure:
    """The most chosen structures with their images by task, the long tail as the last bar (Fig. 6a).

    Args:
        counts: images, one row per structure in the order of the ranking, the last one the tail; one column
            per task.
        levels: (structures without the tail, n).
        colors: by column of `counts`.
        total: images in all, for the share in the hover text.
    """
    names = list(counts.index)
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, column_widths=[0.34, 0.66], horizontal_spacing=0.02
    )
    tail = np.full((len(names) - len(levels), levels.shape[1]), np.nan)
    figure.add_trace(barcode(np.vstack([levels, tail]), names, num_levels), row=1, col=1)
    for task in counts.columns:
        images = counts[task].to_numpy()
        figure.add_bar(
            x=images,
            y=names,
            name=plain_text(task),
            orientation="h",
            marker_color=colors[task],
            customdata=images / total,
            hovertemplate="%{y}<br>%{x} images, %{customdata:.1%} of all"
            f"<extra>{plain_text(task)}</extra>",
            row=1,
            col=2,
        )
    figure.update_yaxes(
        autorange="reversed", type="category", tickfont={"family": "monospace"}, showgrid=False
    )
    figure.update_xaxes(title_text="Block", showgrid=False, dtick=2, row=1, col=1)
    figure.update_xaxes(title_text="Images", row=1, col=2)
    return _layout(
        figure,
        height=max(110 + 24 * len(names), 240),
        barmode="stack",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0.36, "traceorder": "normal"},
    )


def trade_off(points: pd.DataFrame, quantity: str) -> go.Figure:
    """Accuracy against mean MACs, one mark per operating point; curves join points of one method only.

    Args:
        points: method, parameter, accuracy (fraction; whichever accuracy is to be drawn), mean_macs.
        quantity: title of the accuracy axis without its unit.
    """
    figure = go.Figure()
    for method, (label, color, symbol) in METHOD_STYLES.items():
        part = points[points["method"] == method].sort_values("mean_macs")
        if part.empty:
            continue
        single = method not in ("cost_weight", "level")
        parameter = {"cost_weight": "cost weight %{customdata:g}<br>", "level": "level %{customdata:.0f}<br>"}
        figure.add_scatter(
            x=part["mean_macs"] / 1e6,
            y=part["accuracy"],
            customdata=part["parameter"],
            name=label,
            legendrank=1000 - len(figure.data),
            mode="markers" if single else "lines+markers",
            marker={"symbol": symbol, "size": 13 if single else 8, "color": color, "line": {"width": 0.5}},
            line={"color": color, "dash": "solid" if method == "cost_weight" else "dot", "width": 2},
            hovertemplate=parameter.get(method, "")
            + "%{y:.2%} at %{x:.2f} M MACs<extra>"
            + label
            + "</extra>",
        )
    figure.update_xaxes(title_text="Mean MACs per image (millions)", rangemode="tozero")
    figure.update_yaxes(title_text=f"{quantity} (%)", tickformat=".0%")
    return _layout(figure, height=460, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})
