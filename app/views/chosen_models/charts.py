"""Which structures are chosen, as figures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.style import OTHER_COLOR, barcode, barcode_svg, hatching, layout, plain_text
from den_core.structure_keys import structure_name

BAR, WIDEST = 22, 200
"Height of a structure in a small barcode, and what its width may be at most, pixels."


def chosen_histogram(
    counts: pd.DataFrame,
    levels: np.ndarray,
    num_levels: int,
    colors: Mapping[str, str],
    titles: Mapping[str, str],
    total: int,
    tail: str = "",
    marked: str | None = None,
) -> go.Figure:
    """The most chosen structures with their images by task, the long tail as the last bar (Fig. 6a).

    A click on a bar gives the structure, the task and the number of images; the tail's structure is empty.

    Args:
        counts: images, one row per structure in the order of the ranking and then the tail where there is one; one
            column per task.
        levels: of the structures without the tail, (structures, n); nan for early answers.
        colors, titles: by task.
        total: images in all, for the share in the hover text.
        tail: what stands beside the bar of the tail.
        marked: a structure whose bar is hatched.
    """
    keys = list(counts.index[: len(levels)])
    names = [structure_name(key) for key in keys] + [tail] * (len(counts) - len(keys))
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, column_widths=[0.34, 0.66], horizontal_spacing=0.02)
    blank = np.full((len(names) - len(levels), levels.shape[1]), np.nan)
    strips = barcode(np.vstack([levels, blank]), names, num_levels)
    # Below its strips: at the side it would take the width that the bars need.
    strips.colorbar = {
        "title": {"text": ""},
        "orientation": "h",
        "tickvals": list(range(num_levels)),
        "tickangle": 0,
        "thickness": 10,
        "lenmode": "fraction",
        "len": 0.3,
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
    }
    figure.add_trace(strips, row=1, col=1)
    picked = keys + [""] * (len(names) - len(keys))
    for task in counts.columns:
        images = counts[task].to_numpy()
        figure.add_bar(
            x=images,
            y=names,
            name=plain_text(titles[task]),
            orientation="h",
            marker={"color": colors[task], "pattern": hatching([key == marked for key in picked])},
            unselected={"marker": {"opacity": 1}},
            customdata=[[key, task, int(count), count / total] for key, count in zip(picked, images, strict=True)],
            hovertemplate="%{y}<br>%{x:,} images, %{customdata[3]:.1%} of all"
            f"<extra>{plain_text(titles[task])}</extra>",
            row=1,
            col=2,
        )
    figure.update_yaxes(autorange="reversed", type="category", tickfont={"family": "monospace"}, showgrid=False)
    figure.update_xaxes(title_text="Block, coloured by level", showgrid=False, dtick=2, row=1, col=1)
    figure.update_xaxes(title_text="Images", row=1, col=2)
    return layout(
        figure,
        height=max(190 + 24 * len(names), 300),
        margin={"l": 8, "r": 8, "t": 30, "b": 100},
        # Without a limit, as maps of cells have it, the last bar would answer for all of them.
        hoverdistance=20,
        barmode="stack",
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 1,
            "xanchor": "right",
            "traceorder": "normal",
        },
    )


def coverage_curves(
    ranks: Mapping[str, pd.DataFrame], colors: Mapping[str, str], titles: Mapping[str, str], share: float = 0.8
) -> go.Figure:
    """How many images the most chosen structures serve together (left), and each of them alone (right).

    Args:
        ranks: by name of a set of images, as `den_core.analysis.chosen.rank_frequency` returns them.
        colors, titles: by the same names; OTHER_COLOR for a name without a colour.
        share: fraction that is marked in the left panel.
    """
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
    for name, frame in ranks.items():
        style = {
            "x": frame["rank"],
            "mode": "lines+markers" if len(frame) <= 60 else "lines",
            "name": plain_text(titles[name]),
            "legendgroup": name,
            "line": {"color": colors.get(name, OTHER_COLOR), "width": 2},
            "marker": {"size": 5},
            "customdata": frame["images"],
        }
        end = f"<extra>{plain_text(titles[name])}</extra>"
        figure.add_scatter(
            y=frame["cumulative"],
            hovertemplate="the first %{x} structures serve %{y:.1%} of the images" + end,
            row=1,
            col=1,
            **style,
        )
        figure.add_scatter(
            y=frame["share"],
            hovertemplate="structure number %{x}: %{customdata:,} images, %{y:.2%}" + end,
            showlegend=False,
            row=1,
            col=2,
            **style,
        )
    figure.add_hline(share, line={"dash": "dot", "width": 1, "color": OTHER_COLOR}, row=1, col=1)
    # Plotly's own ticks on short logarithmic axes are too many, or 1 and 10 only.
    steps = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]
    percents = {10.0**-power: f"{10.0 ** (2 - power):g} %" for power in range(7)}
    figure.update_xaxes(type="log", tickvals=steps, ticktext=[f"{step:,}" for step in steps])
    figure.update_xaxes(title_text="Number of structures, most chosen first", row=1, col=1)
    figure.update_xaxes(title_text="Rank of the structure", row=1, col=2)
    figure.update_yaxes(title_text="Images served together", tickformat=".0%", range=[0, 1.03], row=1, col=1)
    figure.update_yaxes(
        title_text="Share of images",
        type="log",
        tickvals=list(percents),
        ticktext=list(percents.values()),
        row=1,
        col=2,
    )
    return layout(
        figure, height=330, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"}
    )


def barcode_width(num_blocks: int) -> int:
    """Pixels that `barcode_picture` takes."""
    return max(min(WIDEST // num_blocks, 11), 3) * num_blocks


def barcode_picture(levels: Sequence[float], num_levels: int) -> str:
    """A structure as a small strip, one cell per block, coloured by level: an SVG as a data URI, for tables.

    Blocks that did not run, whose level is nan, have no colour.
    """
    svg = barcode_svg(levels, num_levels, barcode_width(len(levels)) // len(levels), BAR)
    return "data:image/svg+xml;base64," + b64encode(svg.encode("ascii")).decode("ascii")
