"""Where both networks stand: all tasks as a table and as a chart."""

from __future__ import annotations

import streamlit as st

from app import widgets
from app.style import task_colors
from app.views.compare import charts
from den_core.analysis import comparison as analysis


def show(found: dict[str, analysis.Comparison], titles: dict[str, str], names: tuple[str, str]) -> None:
    """One row and one arrow per task.

    Args:
        found: by task.
        names: of the first and the second network.
    """
    summary = analysis.summary(found)
    summary.insert(0, "title", summary["task"].map(titles))
    number = st.column_config.NumberColumn
    widgets.table(
        summary.drop(columns="task"),
        name="comparison",
        key="comparison",
        column_config={
            "title": "Task",
            "images": "Matched images",
            "accuracy": number("Accuracy, first", format="percent"),
            "other_accuracy": number("Accuracy, second", format="percent"),
            "points": number("Difference (points)", format="%+.2f"),
            "p_value": number("p (McNemar)", format="%.2g"),
            "mean_macs": number("MACs, first", format="compact"),
            "other_mean_macs": number("MACs, second", format="compact"),
            "same_structure": number("Same structure", format="percent"),
        },
        caption=f"First: {widgets.literal(names[0])}; second: {widgets.literal(names[1])}. Both on the same images of "
        f"the test split. {_unmatched(found, titles)}p: how often two equally good networks would disagree so unevenly "
        "by chance (McNemar's exact test, two-sided); below 0.05 is seldom chance, but it says nothing of other "
        "training seeds.",
    )
    colors = task_colors(list(titles))
    by_title = summary.set_index("title")
    first = by_title[["accuracy", "mean_macs"]]
    second = by_title[["other_accuracy", "other_mean_macs"]].set_axis(["accuracy", "mean_macs"], axis=1)
    widgets.chart(
        charts.both_points(first, second, names, {titles[task]: colors[task] for task in found}),
        key="both_points",
        alt="Accuracy against mean MACs per image, an arrow per task from the first to the second network",
        data=summary,
        caption="An arrow per task, from the first network (dot) to the second (arrowhead), on the matched images. Up "
        "is more accurate, left is cheaper.",
    )


def _unmatched(found: dict[str, analysis.Comparison], titles: dict[str, str]) -> str:
    """A sentence on images that only one gallery holds."""
    parts = [
        f"{widgets.literal(titles[task])}: {part.only_first:,} only in the first, "
        f"{part.only_second:,} only in the second"
        for task, part in found.items()
        if part.only_first or part.only_second
    ]
    return f"Left out, because only one network was run on them – {'; '.join(parts)}. " if parts else ""
