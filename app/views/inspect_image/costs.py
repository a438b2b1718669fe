"""This image's own accuracy–cost picture: the choice among everything else that could have been run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state, widgets
from app.cache import one_image
from app.views.inspect_image.charts import costs_of_image
from app.views.inspect_image.subject import Subject, force, forced
from den_core.structure_keys import is_early

COUNTED = {"needed_macs": "Selector counted where it is needed", "macs": "Structures alone"}
CHART = "image_costs"


def show(subject: Subject) -> None:
    """The chart and what it says in words."""
    from den_core.analysis.pareto import pareto_front
    from den_core.analysis.probing import CHOSEN, standing

    column = widgets.choice(
        "MACs",
        list(COUNTED),
        COUNTED,
        key=state.SELECTOR,
        help="The selector runs for the network's own choice at any cost weight; fixed structures do without it.",
    )
    tried = one_image.tried(subject.checkpoint, subject.task, subject.data, subject.truth)
    wanted = tried["wanted"].iat[0]
    structure, _ = forced(subject)
    if structure is not None:
        tried = _with_forced(subject, tried, structure, wanted)
    front = pareto_front(tried[column], tried["probability"])
    own = tried["kind"] == CHOSEN
    if subject.truth is not None:
        about = f"the true class, {widgets.literal(wanted)}"
    else:
        about = f"{widgets.literal(wanted)}, the class that the full model names (the true class is not known)"
    st.markdown(_standing(standing(tried, column), wanted, bool(front[own.to_numpy()].any())))
    widgets.chart(
        costs_of_image(tried, front.tolist(), column, wanted),
        key=CHART,
        alt=f"Probability of {wanted} against MACs for {tried['structure'].nunique()} structures",
        data=tried.drop(columns=["low", "needed_macs"]).assign(on_front=front),
        name="accuracy-cost-of-image",
        caption=(
            f"Every mark is this image run through one structure. Up: more probability for {about}. Left: fewer MACs. "
            f"Triangles are {one_image.RANDOM_STRUCTURES} structures drawn at random (seed 0); the line joins what "
            "this image gets as the cost weight moves. Click a mark to open its structure in the path editor."
            + (
                " The cheapest point of that line is the selector's own, early answer, which has no structure."
                if tried["structure"].map(is_early).any()
                else ""
            )
        ),
        on_select=lambda: _pick(subject),
    )


def _pick(subject: Subject) -> None:
    """The visitor clicked a mark; a callback."""
    points = widgets.picked(CHART)
    if points and not is_early(points[0][0]):
        force(points[0][0], subject.inspection.structure, look=True)


def _with_forced(subject: Subject, tried: pd.DataFrame, structure: str, wanted: str) -> pd.DataFrame:
    row = one_image.probed(subject.checkpoint, subject.task, subject.data, (structure,), wanted)
    return pd.concat([tried, row.assign(kind="forced", needed_macs=row["macs"])], ignore_index=True)


def _standing(found: dict[str, float], wanted: str, on_front: bool) -> str:
    """The place of the network's own choice, in words."""
    rivals = found["affordable"] - 1
    start = f"{found['tried']} different structures were tried on this image. "
    if rivals == 0:
        return f"{start}None of the others is as cheap as the network's own choice."
    noun = "structure costs" if rivals == 1 else "structures cost"
    place = f"Beside the network's own choice, {rivals} {noun} no more; "
    name = widgets.literal(wanted)
    if found["rank"] == 1:
        no = "none of them gives" if rivals > 1 else "it does not give"
        front = "; the choice is on the Pareto front." if on_front else "."
        return f"{start}{place}**{no} {name} more probability**{front}"
    better = found["rank"] - 1
    return (
        f"{start}{place}**{better} of them** {'gives' if better == 1 else 'give'} {name} more probability, "
        f"the best one by **{100 * found['regret']:.1f} points**: that is what the choice misses here."
    )
