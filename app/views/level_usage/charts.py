"""Level usage as figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.style import DIFFERENCE_SCALE, OUTLINE, PROBABILITY_SCALE, block_axes, cells, layout, percent_bar, plain_text

TEXT_BLOCKS = 20
"With more blocks than this the cells are too narrow for a number."


def usage_maps(
    usages: Mapping[str, pd.DataFrame],
    titles: Mapping[str, str],
    quantity: str,
    picked: tuple[str, int, int] | None = None,
) -> go.Figure:
    """Level usage of several tasks, one heatmap under the other, on one colour scale (Fig. 6b).

    A click on a cell gives block, level, value, task.

    Args:
        usages: by task, n rows (blocks) and h columns (levels), fractions.
        titles: what stands above the map of a task.
        quantity: what the colour means, with its unit.
        picked: task, block and level of a cell to be framed.
    """
    figure = make_subplots(
        rows=len(usages),
        cols=1,
        shared_xaxes=True,
        subplot_titles=[plain_text(titles[task]) for task in usages],
        vertical_spacing=0.3 / max(len(usages), 2),
    )
    for row, (task, frame) in enumerate(usages.items(), start=1):
        colors, markers = cells(frame, quantity.lower())
        markers.customdata = [[*cell, task] for cell in markers.customdata]
        # The frame marks the cell; Plotly's own mark would stay when another cell is chosen elsewhere.
        markers.selected.marker.opacity = 0
        figure.add_traces([colors, markers], rows=row, cols=1)
        block_axes(figure, frame, row=row, col=1)
        if row < len(usages):
            figure.update_xaxes(title_text="", row=row, col=1)
        if picked is not None and picked[0] == task:
            figure.add_shape(**_frame(*picked[1:]), row=row, col=1)
    return layout(
        figure,
        height=60 + 185 * len(usages),
        coloraxis={"colorscale": PROBABILITY_SCALE, "cmin": 0, "cmax": 1, "colorbar": percent_bar(quantity)},
    )


def _frame(block: int, level: int) -> dict:
    corners = {"x0": block - 0.46, "x1": block + 0.46, "y0": level - 0.46, "y1": level + 0.46}
    return {"type": "rect", "line": {"color": OUTLINE, "width": 3}} | corners


def _points(fractions: np.ndarray) -> np.ndarray:
    """Differences in percentage points, with a decimal where they are below one; no "-0"."""
    points = 100 * fractions
    text = np.where(np.abs(points) < 0.95, np.char.mod("%+.1f", points), np.char.mod("%+.0f", points))
    return np.where(np.abs(points) < 0.05, "±0", np.char.replace(text, "-", "−"))


def difference_map(
    table: pd.DataFrame,
    first: str,
    second: str,
    only_clear: bool = False,
    picked: tuple[int, int] | None = None,
) -> go.Figure:
    """Level usage of one set of images minus another's; the scale is symmetric around 0.

    Clear cells carry their difference in percentage points, the others a dot: they may be noise.

    Args:
        table: as `den_core.analysis.usage.difference_table` returns it.
        first, second: names of the two sets.
        only_clear: leave the colour of the other cells out.
        picked: block and level of a cell to be framed.
    """
    square = table.pivot(index="block", columns="level", values="difference")
    clear = table.pivot(index="block", columns="level", values="clear").to_numpy(dtype=bool)
    reach = max(float(square.abs().to_numpy().max()), 0.01)
    colors, markers = cells(square.where(clear) if only_clear else square, "difference")
    numbers = len(square) <= TEXT_BLOCKS
    colors.text = np.where(clear, _points(square.to_numpy()) if numbers else "", "·").T
    colors.texttemplate = "%{text}"
    markers.customdata = table[["block", "level", "difference", "low", "high", "first", "second"]].to_numpy().tolist()
    markers.hovertemplate = (
        "block %{x}, level %{y}<br>"
        f"{plain_text(first)}: %{{customdata[5]:.1%}}<br>{plain_text(second)}: %{{customdata[6]:.1%}}<br>"
        "difference %{customdata[2]:+.1%} (95 % interval %{customdata[3]:+.1%} to %{customdata[4]:+.1%})"
        "<extra></extra>"
    )
    markers.selected.marker.opacity = 0
    figure = go.Figure([colors, markers])
    block_axes(figure, square)
    if picked is not None:
        figure.add_shape(**_frame(*picked))
    return layout(
        figure,
        height=290,
        coloraxis={
            "colorscale": DIFFERENCE_SCALE,
            "cmin": -reach,
            "cmax": reach,
            "colorbar": percent_bar("A − B") | {"tickformat": "+.0%" if reach >= 0.05 else "+.1%"},
        },
    )
