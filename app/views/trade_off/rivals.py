"""Other methods on the same images, trained alike: which is better at which cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import rivals, state, widgets
from app.cache import whole_network

COLUMNS = {
    "title": "Method",
    "accuracy": "Accuracy (%)",
    "sd": "± over seeds",
    "class_accuracy": "Class-averaged (%)",
    "mmacs": "Mean MACs (millions)",
    "early": "Answered early (%)",
    "milliseconds": "ms per image",
    "weights_m": "Weights (millions)",
    "training_tmacs": "Training (TMACs)",
    "minutes": "Training (minutes)",
    "seeds": "Seeds",
}


def show() -> None:
    """A chart and a table of one comparison; nothing where none is beside the checkpoints."""
    found = whole_network.rivals()
    if not found:
        return
    st.subheader("Beside other methods")
    state.forget_unless(state.RIVALS, list(found))
    folder = st.selectbox(
        "Tasks and backbone",
        list(found),
        format_func=lambda name: found[name][0].where,
        key=state.RIVALS,
        bind="query-params",
    )
    options, frame = found[folder]
    seeds = int(frame["seeds"].max())
    widgets.chart(
        rivals.chart(frame),
        key="rivals_chart",
        alt="Accuracy against mean MACs per image, one mark per method",
        data=frame,
        caption=f"{widgets.literal(options.where)}, {options.steps} steps: all methods learned from as many image runs "
        "with the same images, augmentation and optimiser. Test images, mean over tasks; MACs include a selector where "
        "one runs"
        + (f"; means of up to {seeds} seeds with bars of one standard deviation." if seeds > 1 else "; one seed."),
    )
    with st.expander("All methods as a table"):
        widgets.table(_for_people(frame), name="rivals", key="rivals")


def _for_people(frame: pd.DataFrame) -> pd.DataFrame:
    shown = [name for name in COLUMNS if frame[name].notna().any()]
    digits = {name: 2 if name in ("weights_m", "milliseconds") else 1 for name in shown if name != "title"}
    return frame[shown].round(digits).rename(columns=COLUMNS)
