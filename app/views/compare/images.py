"""The images that were chosen in the charts of a comparison, with both answers and both costs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.views.compare import charts, outcomes
from den_core.analysis import comparison as analysis
from den_core.structure_keys import is_early

ORDERS = {"changed": "Most changed first", "saved": "Most MACs saved first", "place": "Order of the data"}


def show(
    first: cache.Checkpoint,
    task: str,
    found: analysis.Comparison,
    outcome: str | None,
    edges: tuple[float, float] | None,
) -> None:
    """The order to choose, and the images.

    Args:
        outcome: only images of that cell.
        edges: only images whose difference of MACs lies between.
    """
    orders = list(ORDERS) if found.same_blocks else [name for name in ORDERS if name != "changed"]
    state.forget_unless(state.ORDER, orders)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = widgets.choice("Order", orders, ORDERS, key=state.ORDER)
        if edges is not None:
            st.button(
                f"Only {charts.bin_title(*edges)} M MACs",
                on_click=outcomes.forget_bin,
                icon=":material/close:",
                key="forget_bin",
            )
    _grid(first, task, _selected(found, outcome, edges, order), found.same_blocks)
    st.caption(
        "1 and 2: the answers of the first and the second network; then the MACs of the second minus those of the first"
        + (", and the l2 distance between the two model distributions of the image." if found.same_blocks else ".")
        + " The strip below a picture is the structure in the first network."
    )


def _selected(
    found: analysis.Comparison, outcome: str | None, edges: tuple[float, float] | None, order: str
) -> pd.DataFrame:
    """The images of the chosen cell and bar, in the chosen order."""
    images = found.images
    keep = np.ones(len(images), dtype=bool) if outcome is None else (images["outcome"] == outcome).to_numpy()
    if edges is not None:
        keep = keep & analysis.in_bin(images["macs_difference"].to_numpy(), *edges)
    images = images[keep]
    if order == "changed" and found.same_blocks:
        return images.sort_values("distance", ascending=False, kind="stable")
    return images.sort_values("macs_difference", kind="stable") if order == "saved" else images


def _grid(first: cache.Checkpoint, task: str, images: pd.DataFrame, same_blocks: bool) -> None:
    """The images with both answers, both structures and both costs."""
    names = np.asarray(cache.classes(first)[task], dtype=object)
    listed = images.drop(columns=["label", "prediction", "other_prediction"])
    listed.insert(0, "task", task)
    listed.insert(2, "class_name", names[images["label"]])
    listed.insert(3, "answer", names[images["prediction"]])
    listed.insert(4, "other_answer", names[images["other_prediction"]])
    widgets.image_grid(
        first, listed, key="compare-images", captions=partial(_captions, same_blocks), heading="**Images**"
    )


def _captions(same_blocks: bool, part: pd.DataFrame) -> list[str]:
    """Both answers to each image, and how far the second network is from the first."""
    captions = []
    for entry in part.itertuples():
        first, second = (
            ("✓" if answer == entry.class_name else f"✗ {answer}") + (", early" if is_early(structure) else "")
            for answer, structure in (
                (entry.answer, entry.structure),
                (entry.other_answer, entry.other_structure),
            )
        )
        moved = f"\nmoved {entry.distance:.2f}" if same_blocks else ""
        difference = f"{entry.macs_difference / 1e6:+.1f} M MACs"
        captions.append(f"{entry.class_name}\n1 {first}\n2 {second}\n{difference}{moved}")
    return captions
