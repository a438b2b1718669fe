"""The model distribution of one image as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.style import PROBABILITY_SCALE, block_axes, cell_outlines, cells, layout, percent_bar


def distribution_map(frame: pd.DataFrame, levels: Sequence[int], compact: bool = False) -> go.Figure:
    """The model distribution of one image, with the chosen level of every block outlined.

    Args:
        frame: probabilities, n rows (blocks) and h columns (levels).
        levels: the chosen level of every block.
        compact: leave out the colour scale, for narrow columns.
    """
    figure = go.Figure(cells(frame, "probability"))
    block_axes(figure, frame)
    return layout(
        figure,
        height=230,
        shapes=cell_outlines(levels),
        coloraxis={
            "colorscale": PROBABILITY_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": percent_bar("Probability"),
            "showscale": not compact,
        },
    )


def distribution_table(distribution: np.ndarray, levels: Sequence[int]) -> pd.DataFrame:
    """What `distribution_map` shows, as a table to save.

    Args:
        distribution: (n, h).
        levels: the chosen level of every block.

    Returns:
        block, level, probability, chosen; n·h rows.
    """
    n, h = distribution.shape
    block, level = np.divmod(np.arange(n * h), h)
    chosen = np.asarray(levels)[block] == level
    return pd.DataFrame({"block": block, "level": level, "probability": distribution.ravel(), "chosen": chosen})
