"""Does looking pay? The answer in words, and the own choice against its controls and its twin with intervals."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.views.looking import charts
from den_core.analysis.instance_gain import verdict
from den_core.checkpoints.metrics import AVERAGE
from den_core.methods import METHODS

ANSWERS = {
    ("pays", "open"): "**It beats permuted choices; that it beats the best static structure is not shown.**",
    ("pays", "costs"): "**It helps, but not enough: the best static structure is better still.**",
    "pays": "**Yes, looking pays.**",
    "open": "**Not shown to pay.**",
    "costs": "**No, looking costs.**",
    "unknown": "**How sure this is was not measured.**",
}
"By what gain and lead say, or by what the gain says, whatever the lead."
TWIN_ANSWERS = {
    ("pays", "open"): "**Perhaps habit: permuting hurts, but a twin that never looks is not shown to be worse.**",
    ("pays", "costs"): "**Habit, not benefit: permuting hurts, but a twin that never looks is better.**",
    ("pays", "unknown"): ANSWERS["unknown"],
    ("open", "pays"): "**Not shown to pay: a twin that never looks is worse, but permuting is not shown to hurt.**",
    ("open", "costs"): "**No, looking costs: a twin that never looks is better.**",
}
"By what gain and twin say, before ANSWERS; a choice that pays against both is left to the lead."
LEAD_WORDS = {
    "pays": "the choice is ahead by",
    "open": "neither is shown to be better:",
    "costs": "the choice is behind by",
    "unknown": "the difference is",
}


def show(checkpoint: cache.Checkpoint, points: pd.DataFrame, table: pd.DataFrame) -> None:
    """The verdict, and the chart behind it.

    Args:
        points: of `cache.whole_network.points`.
        table: of `cache.whole_network.differences`.
    """
    titles = widgets.task_titles(checkpoint)
    split = cache.measured(checkpoint).split
    with st.container(border=True):
        rival = cache.measured(checkpoint).fixed_rival
        st.markdown(" ".join(sentences(table, titles, rival)))
        if may_be_habit(table):
            st.markdown(
                "**Part of this gain may be habit**: a network gets used to the choices that it is trained under. A "
                "twin that was trained on permuted ones shows how much: `den study twin RUN TWIN` "
                f"trains it, `den evaluate {checkpoint.folder} --twin TWIN --write` measures it."
            )
        st.markdown(f"{number_of_images(points, titles, split)}{beside_baseline(points)}")
    widgets.chart(
        charts.differences(table, {**titles, AVERAGE: widgets.AVERAGE_TITLE}),
        key="looking_differences",
        alt="Accuracy of the own choice minus that of its controls, by task and on average, with 95 % intervals",
        data=table,
        name="worth-of-looking",
        caption=(
            "Right of zero the choice for the single image is better. **Permuted**: the same structures, given to "
            "the images of the task in a random order, at exactly the same MACs. **Static**: the best one for "
            "all images of the task that validation images find within the same MACs, selector included. "
            + ("Early answers are part of the choice, and permuted with it. " if answers_early(points) else "")
            + (
                "**Best fixed structure of any kind**: of the static ones and fixed levels within the same MACs, the "
                f"best on these very images: here {rival_name(rival)}. "
                if "fixed" in set(table["kind"])
                else ""
            )
            + (
                "**Twin that never looks**: trained alike, but in its last turn on permuted choices, and run on "
                "them; what the network wins over it is no habit. "
                if "twin" in set(table["kind"])
                else ""
            )
            + (
                "Lines are 95 % intervals over the choice of test images (paired bootstrap); other training seeds are "
                "not in them. A filled dot's interval leaves out zero."
                if table["low"].notna().any()
                else "Open dots: no interval was measured."
            )
        ),
    )


def sentences(table: pd.DataFrame, titles: dict[str, str], rival: str = "") -> list[str]:
    """The verdict in sentences that follow from the numbers, Markdown.

    Args:
        table: as `den_core.analysis.instance_gain.differences` returns it.
        titles: by task.
        rival: which fixed structure is the best of any kind.
    """
    rows = {(entry.kind, entry.task): entry for entry in table.itertuples()}
    gain = rows["gain", AVERAGE]
    lead, fixed, twin = (rows.get((kind, AVERAGE)) for kind in ("lead", "fixed", "twin"))
    says = verdict(gain.low, gain.high)
    where = "On average over the tasks" if len(titles) > 1 else f"For {widgets.literal(next(iter(titles.values())))}"
    found = [ANSWERS[says], f"{where} {_gain_in_words(gain, says)}"]
    if lead is not None:
        found[0] = ANSWERS.get((says, verdict(lead.low, lead.high)), found[0])
    if twin is not None:
        found[0] = TWIN_ANSWERS.get((says, verdict(twin.low, twin.high)), found[0])
        found.append(f"Against a twin that never looks, trained on permuted choices, {_lead_in_words(twin)}")
    if lead is not None:
        found.append(f"Against the best static structure per task within the same MACs {_lead_in_words(lead)}")
    if fixed is not None and rival != "static":
        found.append(f"Against the best fixed structure of any kind, {rival_name(rival)}, {_lead_in_words(fixed)}")
    return found + (_by_task(rows, titles) if len(titles) > 1 else [])


def rival_name(rival: str) -> str:
    """The best fixed structure for people, by what metrics call it: "static", "full" or "level 2"."""
    return {"static": "the static one", "full": "the full model"}.get(rival, f"{widgets.literal(rival)} in every block")


def may_be_habit(table: pd.DataFrame) -> bool:
    """Whether there is a gain on average, and no twin that tells how much of it is habit.

    Args:
        table: as `den_core.analysis.instance_gain.differences` returns it.
    """
    gain = table[(table["kind"] == "gain") & (table["task"] == AVERAGE)]
    return bool((gain["value"] > 0).all()) and "twin" not in set(table["kind"])


def _gain_in_words(gain, says: str) -> str:
    worth, over = ("is worth", "over") if gain.value >= 0 else ("costs", "against")
    points = f"**{100 * gain.value:+.2f} points**" if gain.value >= 0 else f"**{-100 * gain.value:.2f} points**"
    zero = ": that interval includes zero" if says == "open" else ""
    return (
        f"the choice {worth} {points} of accuracy{_interval(gain)} {over} the same structures permuted among the "
        f"images{zero}."
    )


def _lead_in_words(lead) -> str:
    words = LEAD_WORDS[verdict(lead.low, lead.high)]
    points = f"{abs(100 * lead.value):.2f}" if words.endswith("by") else f"{100 * lead.value:+.2f}"
    return f"{words} **{points} points**{_interval(lead)}."


def _interval(entry) -> str:
    return "" if pd.isna(entry.low) else f" (95 % interval {100 * entry.low:+.2f} to {100 * entry.high:+.2f})"


def _by_task(rows: dict, titles: dict[str, str]) -> list[str]:
    """Which tasks looking is shown to pay for, and which not: against the twin, or else the permuted choices.

    Nothing without intervals.
    """
    kind, control = ("twin", "the twin") if ("twin", AVERAGE) in rows else ("gain", "the permuted choices")
    kinds: dict[str, list[str]] = {}
    for task, title in titles.items():
        entry = rows[kind, task]
        kinds.setdefault(verdict(entry.low, entry.high), []).append(widgets.literal(title))
    words = {"pays": "shown to pay for", "open": "not shown to pay for", "costs": "shown to cost accuracy for"}
    parts = [f"{text} {', '.join(kinds[says])}" for says, text in words.items() if says in kinds]
    return [f"Task by task, against {control}, looking is {'; '.join(parts)}."] if parts else []


def answers_early(points: pd.DataFrame) -> bool:
    """Whether the selector answers any image of the own choice by itself."""
    return bool((points.loc[points["method"] == "chosen", "early"] > 0).any())


def number_of_images(points: pd.DataFrame, titles: dict[str, str], split: str) -> str:
    """How many images of which split the verdict is about, as a sentence."""
    images = points[points["method"] == "chosen"].set_index("task")["images"].reindex(list(titles))
    if images.isna().any():
        return f"Measured on the {split} split. "
    each = ", ".join(f"{widgets.literal(title)} {int(images[task]):,}" for task, title in titles.items())
    weighed = "; in the average every task counts the same" if len(titles) > 1 else ""
    return f"Measured on {int(images.sum()):,} images of the {split} split ({each}){weighed}. "


def beside_baseline(points: pd.DataFrame) -> str:
    """What separate networks reach, a sentence for each kind; nothing where they were not measured."""
    average = points[points["task"] == AVERAGE].set_index("method")
    kinds = [method for method in ("baseline", "narrow") if {"chosen", method} <= set(average.index)]
    return " ".join(_beside(average.loc["chosen"], average.loc[method], METHODS[method].name) for method in kinds)


def _beside(own: pd.Series, other: pd.Series, name: str) -> str:
    gap = 100 * (own["accuracy"] - other["accuracy"])
    return (
        f"**{name}**, one per task and run in full, reach "
        f"{widgets.percent(other['accuracy'])} on average at {widgets.millions(other['mean_macs'])} MACs; "
        f"this one network reaches {widgets.percent(own['accuracy'])} ({gap:+.2f} points) at "
        f"{widgets.millions(own['mean_macs'])}."
    )
