"""Does looking pay in other trainings? Networks of other rho, and of other seeds, where they were measured."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from app.views.looking import charts
from den_core.checkpoints.metrics import SEED_METHODS
from den_core.methods import METHODS


def show(checkpoint: cache.Checkpoint) -> None:
    """Both sections, each where it was measured."""
    metrics = cache.measured(checkpoint)
    sweep, seeds = whole_network.rho_sweep(checkpoint), whole_network.seeds(checkpoint)
    if len(sweep):
        _show_sweep(sweep, metrics.rho_sweep_split, metrics.rho_sweep_estimator)
    if len(seeds):
        _show_seeds(seeds, metrics.split)


def _show_sweep(sweep: pd.DataFrame, split: str, estimator: str) -> None:
    st.subheader("With another penalty on usage")
    widgets.chart(
        charts.rho_sweep(sweep),
        key="looking_rho",
        alt="Accuracy against the share of the full MACs, a point for each rho",
        data=sweep,
        name="rho-sweep",
        caption="Selectors that were trained with other weights ρ of the penalty on used parameters (Eq. 5), for one "
        f"estimator{estimator and f' ({widgets.literal(estimator)})'}, each at its own choice, on the "
        f"{widgets.literal(split)} split; means over tasks, the selector's MACs included.",
    )
    shown = pd.DataFrame(
        {
            "ρ": [f"{rho:g}" for rho in sweep["rho"]],
            "Accuracy": [widgets.percent(value, 2) for value in sweep["accuracy"]],
            "Share of the full MACs": [widgets.percent(value) for value in sweep["share"]],
            "Structures in 600 images": [f"{count:,.0f}" for count in sweep["distinct_per_600"]],
        }
    )
    st.table(shown, hide_index=True)


def _show_seeds(seeds: pd.DataFrame, split: str) -> None:
    st.subheader("With other seeds")
    widgets.small_table(seeds_table(seeds), "seeds", "looking_seeds", data=seeds)
    st.caption(
        f"The same recipe trained from {len(seeds)} seed{'' if len(seeds) == 1 else 's'}: accuracies on the {split} "
        "split in percent, means over tasks. Gain: own choice minus permuted; lead: own choice minus static; "
        f"{_twin_words(seeds)}in percentage points. M MACs: millions per image, selector included. The "
        "intervals above speak of other test images, the spread here of other trainings"
        + ("; ± is the sample standard deviation." if len(seeds) > 1 else ".")
    )


def _twin_words(seeds: pd.DataFrame) -> str:
    """What the column of twins is, and for how many seeds they were measured; nothing where for none."""
    count = int(seeds["twin"].notna().sum())
    some = f" ({count} of {len(seeds)} seeds have one)" if count < len(seeds) else ""
    return f"twin: own choice minus a twin that never looks{some}; " if count else ""


def seeds_table(seeds: pd.DataFrame) -> pd.DataFrame:
    """The seeds for people, mean and standard deviation last where there are two or more.

    Args:
        seeds: as `den_core.analysis.instance_gain.seeds` returns it.
    """
    differences = ("gain", "lead", "twin") if seeds["twin"].notna().any() else ("gain", "lead")
    rows = {str(row["seed"]): pd.Series(row) for row in seeds.to_dict("records")}
    if len(seeds) > 1:
        rows |= {"Mean": seeds.mean(), "±": seeds.std(ddof=1)}
    shown = []
    for name, row in rows.items():
        sign = "" if name == "±" else "+"
        cells = {"Seed": name} | {METHODS[name].short: f"{100 * row[name]:.2f}" for name in SEED_METHODS}
        cells |= {"M MACs": f"{row['mean_macs'] / 1e6:.1f}"}
        for name in differences:
            cells[name.capitalize()] = "" if pd.isna(row[name]) else f"{100 * row[name]:{sign}.2f}"
        shown.append(cells)
    return pd.DataFrame(shown)
