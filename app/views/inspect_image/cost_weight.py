"""What changes for one image when the cost weight moves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state, widgets
from app.cache import one_image
from app.views.inspect_image.charts import COST_WEIGHTS, along_cost_weight, distribution_map, distribution_table
from app.views.inspect_image.subject import Subject
from den_core.structure_keys import is_early


def show(subject: Subject) -> None:
    """The slider, the structure that it gives, and the whole way along it."""
    state.forget_unless(state.WEIGHT, COST_WEIGHTS)
    weight = st.select_slider(
        "Cost weight",
        COST_WEIGHTS,
        value=0.0,
        format_func=lambda value: f"{value:+g}" if value else "0",
        key=state.WEIGHT,
        bind="query-params",
        help="In nats per full block's MACs. At 0 every block runs at its most probable level, as trained; above 0 a "
        "level must be that much more probable to be worth its MACs; below 0 more MACs count for a level.",
    )
    inspection = subject.inspection
    structure = one_image.weighted_structure(subject.checkpoint, inspection.distribution, weight)
    tried = one_image.tried(subject.checkpoint, subject.task, subject.data, subject.truth)
    along = tried[tried["kind"] == "cost_weight"]
    wanted = tried["wanted"].iat[0]
    both = one_image.probed(subject.checkpoint, subject.task, subject.data, (inspection.structure, structure), wanted)
    full_macs = int(inspection.costs.loc["full", "macs"])
    early = along[along["structure"].map(is_early)]
    alone = "the selector alone, " if inspection.early else ""
    own = f"{alone}{widgets.percent(inspection.share_of_full, 0)}"
    if not early.empty and weight > early["low"].iat[0]:
        st.markdown(_early_in_words(early.iloc[0], weight, full_macs, own))
    else:
        st.markdown(_in_words(both, weight, full_macs, own))
    left, right = st.columns(2, gap="medium")
    with left:
        widgets.chart(
            distribution_map(pd.DataFrame(inspection.distribution), [int(level) for level in structure]),
            key="weight_map",
            alt=f"Probability of every level in every block; structure at cost weight {weight:g}: {structure}",
            data=distribution_table(inspection.distribution, [int(level) for level in structure]),
            name=f"distribution-at-{weight:g}",
            caption=f"Orange frames: the levels at cost weight {weight:g}. The probabilities do not depend on it.",
        )
    with right:
        true = "the true class" if subject.truth is not None else "the class that the full model names"
        widgets.chart(
            along_cost_weight(along, weight, full_macs),
            key="weight_chart",
            alt=f"MACs and probability of {wanted} along the cost weight",
            data=along[["low", "structure", "class_name", "probability", "macs", "total_macs"]],
            name="cost-weight-of-image",
            caption=f"{len(along) - len(early)} different structures lie along it{_early_end(early)}. Probability "
            f"of {widgets.literal(wanted)}, {true}. MACs with the selector. The dashed line is the cost weight above; "
            "most changes happen below 20, where the axis ends.",
        )


def _early_end(early: pd.DataFrame) -> str:
    """From which cost weight on the selector answers, to go on a sentence; nothing where it never does."""
    return "" if early.empty else f"; above {early['low'].iat[0]:.2f} the selector answers by itself"


def _early_in_words(answer: pd.Series, weight: float, full_macs: int, own: str) -> str:
    """Where the selector answers by itself.

    Args:
        own: the share of the full MACs at weight 0, in words.
    """
    return (
        f"At cost weight **{weight:g}** the selector answers by itself: **{widgets.literal(answer['class_name'])}** "
        f"({widgets.percent(answer['confidence'], 0)}), **{widgets.millions(answer['total_macs'])} MACs**, "
        f"{widgets.percent(answer['total_macs'] / full_macs, 0)} of the full model's (at weight 0: {own}). The map "
        "shows what the estimator would have run."
    )


def _in_words(both: pd.DataFrame, weight: float, full_macs: int, own: str) -> str:
    """One sentence: what the cost weight gives now.

    Args:
        both: the structure at weight 0 and the one now, as `probe` returns them.
        own: the share of the full MACs at weight 0, in words.
    """
    now = both.iloc[1]
    changed = sum(a != b for a, b in zip(both["structure"].iat[0], now["structure"], strict=True))
    blocks = {0: "no block changes its level", 1: "1 block changes its level"}
    return (
        f"At cost weight **{weight:g}**, {blocks.get(changed, f'{changed} blocks change their level')}: structure "
        f"`{now['structure']}`, answer **{widgets.literal(now['class_name'])}** "
        f"({widgets.percent(now['confidence'], 0)}), **{widgets.millions(now['total_macs'])} MACs** with the selector, "
        f"{widgets.percent(now['total_macs'] / full_macs, 0)} of the full model's (at weight 0: {own})."
    )
