"""The map of all images: one point per image, where its model distribution lies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import style

COLORINGS = {"task": "Task", "correct": "Right or wrong", "macs": "MACs", "confidence": "Confidence"}
_CONTINUOUS = {
    "macs": ("MACs per image (millions)", "cividis", 1e-6, None),
    "confidence": ("Confidence of the answer", style.PROBABILITY_SCALE, 1.0, ".0%"),
}


def image_map(
    images: pd.DataFrame,
    coloring: str,
    colors: dict[str, str],
    axes: tuple[str, str],
    outline: np.ndarray | None = None,
    dragmode: str = "lasso",
) -> go.Figure:
    """A map of images.

    Args:
        images: x, y, task (title), correct, macs, confidence (fraction), label (what to show on hovering).
        coloring: one of `COLORINGS`.
        colors: by the title of a task.
        axes: titles of both axes.
        outline: corners of the chosen area, (V, 2).
    """
    figure = go.Figure()
    if coloring in _CONTINUOUS:
        title, scale, factor, digits = _CONTINUOUS[coloring]
        bar = {"title": {"text": title, "side": "right"}, "thickness": 12} | ({"tickformat": digits} if digits else {})
        marker = {"color": images[coloring].to_numpy() * factor, "colorscale": scale, "colorbar": bar}
        _add_points(figure, images, "", marker, legend=False)
    elif coloring == "correct":
        # Right answers first, so that the few wrong ones lie on top.
        for right, name, color, symbol in (
            (True, "✓ right", style.CORRECT_COLOR, "circle"),
            (False, "✗ wrong", style.WRONG_COLOR, "x"),
        ):
            part = images[images["correct"] == right]
            _add_points(figure, part, f"{name} ({len(part):,})", {"color": color, "symbol": symbol})
    else:
        # The largest task first: it would hide the others.
        for task in images["task"].value_counts().index:
            part = images[images["task"] == task]
            if len(part):
                _add_points(figure, part, f"{style.plain_text(str(task))} ({len(part):,})", {"color": colors[task]})
    if outline is not None:
        closed = np.vstack([outline, outline[:1]])
        line = {"color": style.OUTLINE, "width": 2, "dash": "dot"}
        figure.add_scatter(x=closed[:, 0], y=closed[:, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.update_xaxes(title_text=axes[0], zeroline=False)
    # One unit is as long on both axes: otherwise the map shows distances that are not there.
    figure.update_yaxes(title_text=axes[1], zeroline=False, scaleanchor="x", scaleratio=1)
    style.layout(
        figure,
        height=560,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return figure.update_layout(dragmode=dragmode)


def _add_points(figure: go.Figure, part: pd.DataFrame, name: str, marker: dict, legend: bool = True) -> None:
    # Few lines are different: escaping each of them once is enough.
    codes, lines = pd.factorize(part["label"])
    labels = np.array([style.plain_text(str(line)) for line in lines], dtype=object)
    figure.add_scattergl(
        x=part["x"].to_numpy(),
        y=part["y"].to_numpy(),
        mode="markers",
        name=name,
        showlegend=legend,
        hovertext=labels[codes],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={"size": 5, "opacity": 0.6, "line": {"width": 0}} | marker,
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.25}},
    )
