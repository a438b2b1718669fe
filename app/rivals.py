"""The chart of compared methods, for the page Trade-off and for pictures; it knows no Streamlit."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app import style

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "pentagon")
COLORS = [color for color in style.OKABE_ITO if color != style.OUTLINE]
"Of all methods but ours."


def chart(frame: pd.DataFrame) -> go.Figure:
    """Accuracy against mean MACs, a mark per method with a bar of one standard deviation over seeds.

    Args:
        frame: method, title, accuracy (percent), sd (nan of one seed), mmacs, weights_m, minutes.
    """
    figure = go.Figure()
    for place, row in enumerate(frame.sort_values("method").itertuples()):
        ours = row.method.startswith("den")
        color = style.OUTLINE if ours else COLORS[place % len(COLORS)]
        figure.add_scatter(
            x=[row.mmacs],
            y=[row.accuracy],
            error_y={"array": [row.sd], "visible": not pd.isna(row.sd), "thickness": 1},
            mode="markers",
            marker={
                "symbol": ("star" if row.method == "den" else "star-open") if ours else SYMBOLS[place % len(SYMBOLS)],
                "size": 16 if ours else 11,
                "color": color,
                "line": {"width": 0.5},
            },
            name=row.title,
            hovertemplate="%{y:.1f} % at %{x:.1f} M MACs<br>"
            f"{row.weights_m:.2f} M weights, {row.minutes:.0f} minutes of training<extra>{row.title}</extra>",
        )
    figure.update_xaxes(title_text="Mean MACs per image (millions)", rangemode="tozero")
    figure.update_yaxes(title_text="Accuracy (%)")
    return style.layout(figure, height=520, legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0})
