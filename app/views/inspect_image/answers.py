"""What the network does with an image as an image of one task: its answer, its structure, its reasons, its cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app import widgets
from app.style import barcode_svg
from app.views.inspect_image.charts import distribution_map, distribution_table
from den_core.structure_keys import structure_levels

if TYPE_CHECKING:
    from den_core.analysis.inspection import Inspection

PARTS = {
    "structure": "Stem, chosen levels, head",
    "selector": "Selector",
    "total": "Together",
    "full": "Full model, no selector",
}


def answer(title: str, inspection: Inspection, truth: str | None) -> None:
    """What the network says of the image as an image of one task, and with which structure."""
    task, best = inspection.task, inspection.predictions.iloc[0]
    num_blocks, num_levels = inspection.distribution.shape
    levels = structure_levels([inspection.structure], num_blocks, num_levels)[0]
    st.subheader(f"As {widgets.literal(title)}")
    with st.container(key=f"prediction-{task}"):
        name = widgets.literal(best["class_name"])
        verdict = "" if truth is None else " ✓" if truth == best["class_name"] else " ✗"
        st.markdown(f"Answer **{name}** ({widgets.percent(best['probability'], 0)}){verdict}")
        if inspection.early:
            st.markdown(f":material/bolt: **Answered by the selector**, {_sure(inspection)} sure: no block runs")
    with st.container(key=f"structure-{task}", horizontal=True, vertical_alignment="center", gap="small"):
        start = "Would have run" if inspection.early else "Structure"
        st.markdown(f"{start} `{inspection.structure}`", width="content")
        st.image(
            barcode_svg(levels, num_levels),
            alt=f"Structure {inspection.structure} as a strip of colours, one cell per block, dark for low levels",
        )
    if not inspection.early and inspection.head_probability is not None:
        assert inspection.head_predictions is not None  # there is a head
        guess = widgets.literal(inspection.head_predictions["class_name"].iat[0])
        st.caption(f"The selector's own guess: {guess}, {_sure(inspection)} sure; not enough to answer.")


def _sure(inspection: Inspection) -> str:
    """The calibrated probability that the selector's head is right."""
    assert inspection.head_probability is not None
    return widgets.percent(inspection.head_probability, 0)


def reasons(inspection: Inspection, compact: bool) -> None:
    """Which levels the selector wanted, what the other classes got, and what it cost."""
    task = inspection.task
    widgets.chart(
        distribution_map(pd.DataFrame(inspection.distribution), inspection.levels, compact),
        key=f"map-{task}",
        alt=f"Probability of every level in every block; chosen structure {inspection.structure}",
        data=distribution_table(inspection.distribution, inspection.levels),
        name=f"distribution-{task}",
    )
    saved = widgets.percent(inspection.share_of_full, 0)
    runs = "The selector alone takes" if inspection.early else "Runs at"
    st.markdown(f"{runs} **{saved}** of the full model's MACs{'' if inspection.early else ', selector included'}.")
    predictions, cost = st.tabs(["Top classes", "MACs and parameters"])
    with predictions:
        widgets.small_table(
            prediction_table(inspection.predictions), f"classes-{task}", f"classes-{task}", inspection.predictions
        )
    with cost:
        costs = inspection.costs.rename_axis("part").reset_index()
        widgets.small_table(cost_table(inspection.costs), f"costs-{task}", f"costs-{task}", costs)


def prediction_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """The most probable classes, for people."""
    shown = [widgets.percent(probability) for probability in predictions["probability"]]
    names = [widgets.literal(name) for name in predictions["class_name"]]
    return pd.DataFrame({"Class": names, "Probability": shown})


def cost_table(costs: pd.DataFrame) -> pd.DataFrame:
    """MACs and parameters of the parts, for people."""
    table = costs.rename(index=PARTS).map(widgets.millions)
    return table.rename(columns={"macs": "MACs", "params": "Parameters"}).rename_axis("Part").reset_index()
