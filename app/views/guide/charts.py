"""Small drawings for the tour: one block at its levels, structures, costs, levels in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import style


def block_drawing(fractions: Sequence[float], channels: int = 16) -> go.Figure:
    """One block at each of its levels, as a row of channels of which a level uses the first ones.

    Args:
        fractions: share of the block's hidden channels that a level uses, rising.
        channels: how many to draw.
    """
    colors = style.level_colors(len(fractions))
    figure = go.Figure()
    for level, fraction in enumerate(fractions):
        used = round(fraction * channels)
        for part, width in ((True, used), (False, channels - used)):
            figure.add_bar(
                y=[f"level {level}"] * width,
                x=[1] * width,
                orientation="h",
                marker={
                    "color": colors[level] if part else "rgba(138, 148, 160, 0.12)",
                    "line": {"color": style.OTHER_COLOR, "width": 1},
                },
                showlegend=False,
                hovertemplate=f"level {level} uses {fraction:.0%} of the block's channels<extra></extra>",
            )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(type="category", showgrid=False)
    return style.layout(figure, height=60 + 34 * len(fractions), barmode="stack", bargap=0.25)


def costs(macs: Mapping[str, tuple[float, str]]) -> go.Figure:
    """MACs as bars, in millions.

    Args:
        macs: by what they are the cost of: MACs and the colour of the bar; first one on top.
    """
    figure = go.Figure()
    for name, (value, color) in macs.items():
        figure.add_bar(
            x=[value / 1e6],
            y=[style.plain_text(name)],
            orientation="h",
            marker_color=color,
            text=[f"{value / 1e6:,.1f} M"],
            textposition="outside",
            cliponaxis=False,
            showlegend=False,
            hovertemplate="%{y}: %{x:.1f} M MACs<extra></extra>",
        )
    figure.update_xaxes(
        title_text="MACs per image (millions)", range=[0, 1.15 * max(value for value, _ in macs.values()) / 1e6]
    )
    figure.update_yaxes(autorange="reversed", type="category")
    return style.layout(figure, height=90 + 36 * len(macs))


def structures(levels: np.ndarray, names: Sequence[str], num_levels: int) -> go.Figure:
    """Structures as rows of blocks, coloured by level.

    Args:
        levels: (structures, n).
        names: of the rows, all different.
    """
    figure = go.Figure(style.barcode(levels, [style.plain_text(name) for name in names], num_levels))
    figure.update_xaxes(title_text="Block", showgrid=False, tick0=0, dtick=1)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return style.layout(figure, height=max(110 + 40 * len(names), 190))


def levels_in_use(shares: pd.DataFrame) -> go.Figure:
    """Share of all block decisions at every level, a bar per task.

    Args:
        shares: fractions, a row per title of a task, a column per level; rows sum to 1.
    """
    figure = go.Figure()
    names = [style.plain_text(name) for name in shares.index]
    for level, color in zip(shares.columns, style.level_colors(len(shares.columns)), strict=True):
        figure.add_bar(
            x=shares[level],
            y=names,
            orientation="h",
            name=f"level {level}",
            marker={"color": color, "line": {"width": 0.5, "color": style.OTHER_COLOR}},
            hovertemplate=f"level {level}: %{{x:.1%}} of the blocks<extra>%{{y}}</extra>",
        )
    figure.update_xaxes(title_text="Share of blocks (%)", tickformat=".0%", range=[0, 1.005], showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    return style.layout(figure, height=130 + 44 * len(shares), barmode="stack", legend=legend)
