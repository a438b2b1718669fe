"""What the cost weight changes inside: the use of levels, and the images that get another structure."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from app.views.trade_off import charts
from den_core.analysis import cost_weight
from den_core.structure_keys import is_early


def show(checkpoint: cache.Checkpoint, points: pd.DataFrame, weight: float, scope: str) -> None:
    """How levels and structures move with the cost weight, from the galleries.

    Args:
        points: of `cache.whole_network.points`.
        weight: the cost weight that is shown.
        scope: a task, or the average over tasks.
    """
    tasks = cache.tasks_with_gallery(checkpoint)
    st.subheader("What the cost weight changes inside")
    if not tasks:
        st.info(
            "Which images run something else is computed from the galleries; write them with "
            f"`den index {checkpoint.folder}`.",
            icon=":material/info:",
        )
        return
    titles, weights = widgets.task_titles(checkpoint), cost_weight.measured_weights(points)
    tasks = [scope] if scope in tasks else tasks
    found = {task: whole_network.weight_point(checkpoint, task, weight) for task in tasks}
    where = widgets.literal(titles[tasks[0]]) if len(tasks) == 1 else "mean over tasks"
    drift = whole_network.drift(checkpoint, tuple(weights), tuple(tasks))
    widgets.chart(
        charts.level_drift(drift, found[tasks[0]].usage.shape[1], weight),
        key="level_drift",
        alt="Share of blocks at every level, one bar per cost weight",
        data=drift,
        caption=f"Of all blocks of all images ({where}), the share that runs at each level"
        + (", and on top that of images which the selector answers early" if drift["early"].any() else "")
        + ". The framed bar is the cost weight above.",
    )
    if weight == cost_weight.OWN_WEIGHT:
        st.info("Move the cost weight to see which images run something else, and where.", icon=":material/tune:")
        return
    _levels_changed(checkpoint, found, where)
    _images_changed(checkpoint, found, weight)
    _precision_note(points, weight, found, titles)


def _levels_changed(checkpoint: cache.Checkpoint, found: dict[str, cost_weight.WeightPoint], where: str) -> None:
    """At which blocks and levels the use changes."""
    own = [whole_network.weight_point(checkpoint, task, cost_weight.OWN_WEIGHT) for task in found]
    change = cost_weight.usage_change(list(found.values()), own)
    widgets.chart(
        charts.usage_change(change),
        key="usage_change",
        alt="Change of every level's share in every block against the network's own choice",
        data=change.stack().rename("change").reset_index(),
        caption=f"Where it happens ({where}): share of images at each block and level now, minus that of the network's "
        "own choice, in percentage points. White is no change."
        + (
            " Counted are the images that the estimator runs, which are not the same ones at both weights."
            if any((point.early != base.early).any() for point, base in zip(found.values(), own, strict=True))
            else ""
        ),
    )


def _images_changed(checkpoint: cache.Checkpoint, found: dict[str, cost_weight.WeightPoint], weight: float) -> None:
    """The images that get another structure, or are answered early at one of the two weights alone, with both."""
    titles = widgets.task_titles(checkpoint)
    counts = [
        f"{widgets.literal(titles[task])} {int(point.changed.sum()):,} of {len(point.changed):,} "
        f"({widgets.percent(float(point.changed.mean()))})"
        for task, point in found.items()
    ]
    widgets.image_grid(
        checkpoint,
        whole_network.changed_images(checkpoint, tuple(found), weight),
        key="changed-images",
        captions=_captions,
        heading=f"**Images that run something else**: {', '.join(counts)}",
    )


def _captions(part: pd.DataFrame) -> list[str]:
    """Both structures of each image, and the change of MACs."""
    return [
        f"{_short(entry.structure)}\n→ {_short(entry.structure_at_weight)}\n"
        f"{(entry.macs_at_weight - entry.macs) / 1e6:+.1f} M MACs"
        for entry in part.itertuples()
    ]


def _short(key: str) -> str:
    """A structure, or an early answer in as little room."""
    return "early" if is_early(key) else key


def _precision_note(
    points: pd.DataFrame, weight: float, found: dict[str, cost_weight.WeightPoint], titles: dict[str, str]
) -> None:
    """Say so where the galleries' structures cost more than 1 % more or less than the measured ones."""
    measured = cost_weight.at_weight(points, weight)["mean_macs"]
    off = [task for task, point in found.items() if abs(point.mean_macs / measured[task] - 1) > 0.01]
    if off:
        st.caption(
            ":material/info: At this weight the structures shown here differ a little from the measured ones for "
            f"{', '.join(widgets.literal(titles[task]) for task in off)}: galleries store probabilities in half "
            "precision, or hold a part of the test images. Accuracies and MACs above are measured."
        )
