"""Colours and parts that all figures share. Nothing in this package knows Streamlit, files or networks.

Colours are fixed here and used on every page. Tasks are categories (Okabe-Ito, which differ for most colour-blind
readers), levels are ordered (steps of cividis), right and wrong are blue and orange and always carry a mark as well,
probabilities run from 0 to 1 on viridis whatever the data, so that a uniform row looks uniform. Text, grid and
background are left to the theme, so that figures fit light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999")
OTHER_COLOR = "#8A94A0"
"What is not one task or one structure: sums, averages, long tails."
CORRECT_COLOR, WRONG_COLOR = "#0072B2", "#E69F00"
"Right and wrong answers; never alone, always with a word or ✓ and ✗."
PROBABILITY_SCALE = "viridis"
DIFFERENCE_SCALE = "PuOr"
OUTLINE = "#D55E00"
"Frame of chosen cells; it stands out from both ends of viridis."


def task_colors(tasks: Sequence[str]) -> dict[str, str]:
    """One colour per task, by its place in the checkpoint's list of tasks."""
    return {task: OKABE_ITO[place % len(OKABE_ITO)] for place, task in enumerate(tasks)}


def level_colors(num_levels: int) -> list[str]:
    """One colour per level, rising in lightness with the level."""
    return sample_colorscale("cividis", np.linspace(0, 1, num_levels).tolist())


def plain_text(text: str) -> str:
    """Text as Plotly shows it literally: its labels take a few HTML tags, and names come from users."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def layout(figure: go.Figure, height: int, **options) -> go.Figure:
    """The frame of every figure: height in pixels, thin margins, a zoom that stays when the data change.

    Args:
        options: more settings of Plotly's layout; they override these.
    """
    plain = {
        "margin": {"l": 8, "r": 8, "t": 30, "b": 8},
        "uirevision": "keep",
        "dragmode": False,
        "clickmode": "event+select",
        # Cells of a map answer anywhere inside; between bars or points there is nothing to say.
        "hoverdistance": -1 if any(trace.type == "heatmap" for trace in figure.data) else 20,
    }
    figure.update_layout(height=height, **plain | options)
    return figure


def cells(frame: pd.DataFrame, quantity: str) -> tuple[go.Heatmap, go.Scatter]:
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


def cell_outlines(levels: Sequence[int]) -> list[dict]:
    """Frames around the chosen level of every block, as shapes of a layout."""
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


def block_axes(figure: go.Figure, frame: pd.DataFrame, **where) -> None:
    """Axes of a map with a column per block and a row per level; `where` names the subplot."""
    step = 1 if len(frame) <= 12 else 2
    plain = {"showgrid": False, "zeroline": False, "tickmode": "linear"}
    # Ranges are given, because the markers on the outer cells would widen them.
    blocks, levels = [-0.5, len(frame) - 0.5], [-0.5, frame.shape[1] - 0.5]
    figure.update_xaxes(title_text="Block", range=blocks, tick0=0, dtick=step, **plain, **where)
    figure.update_yaxes(title_text="Level", range=levels, tick0=0, dtick=1, **plain, **where)


def percent_bar(title: str) -> dict:
    """A colour bar for fractions."""
    return {"title": {"text": title, "side": "right"}, "tickformat": ".0%", "thickness": 12}


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


def barcode_svg(levels: Sequence[float], num_levels: int, cell: int = 12, height: int = 12) -> str:
    """A structure as a strip of cells, one per block, coloured by level: an SVG image, `cell` pixels wide per block.

    A block that did not run has the level nan and no cell.
    """
    colors, width = level_colors(num_levels), cell * len(levels)
    cells = "".join(
        f'<rect x="{cell * block}" width="{cell - 1}" height="{height}" fill="{colors[int(level)]}"/>'
        for block, level in enumerate(levels)
        if not np.isnan(level)
    )
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{cells}</svg>'


def hatching(marked: Sequence[bool]) -> dict:
    """Patterns of bars that hatch the marked ones.

    Plotly's own mark of a bar that was clicked would stay when something else is chosen elsewhere on the page.
    """
    return {"shape": ["/" if is_marked else "" for is_marked in marked], "fillmode": "overlay", "size": 6}
