"""Does looking pay? The answer in words, and the own choice against its two controls with intervals."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.charts import looking as charts
from den_core.analysis.tradeoff import AVERAGE
from den_core.analysis.worth import verdict

ANSWERS = {
    ("pays", "open"): "**Over shuffled structures yes; over the best single one it is not shown.**",
    ("pays", "costs"): "**It helps, but not enough: the best single structure is better still.**",
    "pays": "**Yes, looking pays.**",
    "open": "**Not shown to pay.**",
    "costs": "**No, looking costs.**",
    "unknown": "**How sure this is was not measured.**",
}
"By what gain and lead say, or by what the gain says, whatever the lead."
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
    split = cache.metrics(checkpoint)["split"]
    with st.container(border=True):
        st.markdown(" ".join(sentences(table, titles)))
        st.markdown(f"{number_of_images(points, titles, split)}{beside_baseline(points)}")
    widgets.chart(
        charts.differences(table, {**titles, AVERAGE: "Average over tasks"}),
        key="looking_differences",
        alt="Accuracy of the own choice minus that of its two controls, by task and on average, with 95 % intervals",
        data=table,
        name="worth-of-looking",
        caption=(
            "Right of zero the choice for the single image is better. **Shuffled**: the same structures dealt out "
            "again among the images of the task, at exactly the same MACs. **Best single structure**: the best one for "
            "all images of the task that validation images find within the same MACs, selector included. "
            + (
                "Lines are 95 % intervals over the choice of test images (paired bootstrap); other training seeds are "
                "not in them. A filled dot's interval leaves out zero."
                if table["low"].notna().any()
                else "Open dots: no interval was measured."
            )
        ),
    )


def sentences(table: pd.DataFrame, titles: dict[str, str]) -> list[str]:
    """The verdict in sentences that follow from the numbers, Markdown.

    Args:
        table: as `den_core.analysis.worth.differences` returns it.
        titles: by task.
    """
    rows = {(entry.kind, entry.task): entry for entry in table.itertuples()}
    gain, lead = rows["gain", AVERAGE], rows.get(("lead", AVERAGE))
    says = verdict(gain.low, gain.high)
    where = "On average over the tasks" if len(titles) > 1 else f"For {widgets.literal(next(iter(titles.values())))}"
    found = [ANSWERS[says], f"{where} {_gain_in_words(gain, says)}"]
    if lead is not None:
        ahead = verdict(lead.low, lead.high)
        found[0] = ANSWERS.get((says, ahead), found[0])
        found.append(_lead_in_words(lead, ahead))
    return found + (_by_task(rows, titles) if len(titles) > 1 else [])


def _gain_in_words(gain, says: str) -> str:
    worth, over = ("is worth", "over") if gain.value >= 0 else ("costs", "against")
    points = f"**{100 * gain.value:+.2f} points**" if gain.value >= 0 else f"**{-100 * gain.value:.2f} points**"
    zero = ": that interval includes zero" if says == "open" else ""
    return (
        f"the choice {worth} {points} of accuracy{_interval(gain)} {over} the same structures shuffled among the "
        f"images{zero}."
    )


def _lead_in_words(lead, ahead: str) -> str:
    words = LEAD_WORDS[ahead]
    points = f"{abs(100 * lead.value):.2f}" if words.endswith("by") else f"{100 * lead.value:+.2f}"
    return (
        f"Against the best single structure per task within the same MACs {words} **{points} points**{_interval(lead)}."
    )


def _interval(entry) -> str:
    return "" if pd.isna(entry.low) else f" (95 % interval {100 * entry.low:+.2f} to {100 * entry.high:+.2f})"


def _by_task(rows: dict, titles: dict[str, str]) -> list[str]:
    """Which tasks the gain over the shuffled structures is shown for, and which not; nothing without intervals."""
    kinds: dict[str, list[str]] = {}
    for task, title in titles.items():
        entry = rows["gain", task]
        kinds.setdefault(verdict(entry.low, entry.high), []).append(widgets.literal(title))
    words = {"pays": "shown to pay for", "open": "not shown for", "costs": "shown to cost for"}
    parts = [f"{text} {', '.join(kinds[kind])}" for kind, text in words.items() if kind in kinds]
    return [f"Task by task it is {'; '.join(parts)}."] if parts else []


def number_of_images(points: pd.DataFrame, titles: dict[str, str], split: str) -> str:
    """How many images of which split the verdict is about, as a sentence."""
    images = points[points["method"] == "chosen"].set_index("task")["images"].reindex(list(titles))
    if images.isna().any():
        return f"Measured on the {split} split. "
    each = ", ".join(f"{widgets.literal(title)} {int(images[task]):,}" for task, title in titles.items())
    weighed = "; in the average every task counts the same" if len(titles) > 1 else ""
    return f"Measured on {int(images.sum()):,} images of the {split} split ({each}){weighed}. "


def beside_baseline(points: pd.DataFrame) -> str:
    """What separate full networks reach, as a sentence; nothing where they were not measured."""
    average = points[points["task"] == AVERAGE].set_index("method")
    if not {"chosen", "baseline"} <= set(average.index):
        return ""
    own, other = average.loc["chosen"], average.loc["baseline"]
    gap = 100 * (own["accuracy"] - other["accuracy"])
    return (
        f"**Separate full networks**, one per task (the paper's Baseline), reach {widgets.percent(other['accuracy'])} "
        f"on average at {widgets.millions(other['mean_macs'])} MACs; this one network reaches "
        f"{widgets.percent(own['accuracy'])} ({gap:+.2f} points) at {widgets.millions(own['mean_macs'])}."
    )
