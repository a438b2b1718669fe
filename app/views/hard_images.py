"""Does the network spend more on hard images? MACs against hardness, and what a cheaper structure would have done."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.charts import hardness as charts
from app.charts.style import task_colors
from app.pages import PAGES
from den_core.analysis import hardness as analysis
from den_core.analysis.slices import Slice

GROUPS = 10
STRIP_IMAGES, STRIP_LENGTH = 48, 6
"Pictures in all strips together, and in one strip, at most."
WORST = 24
YARDSTICK = "yardstick"
"URL: the structure whose loss says how hard an image is."
GROUP, SPENT = "group", "spent"
"Query parameters: the group by MACs, and the outcome or bin of overspend, whose images are listed."


def yardstick(gallery) -> str:
    """Which structure says how hard an image is: the full network, or a cheap fixed level."""
    options = analysis.uniform_tried(gallery)
    full = str(gallery.num_levels - 1) * gallery.num_blocks
    names = {key: "Full network" if key == full else f"Every block at level {key[0]}" for key in options}
    if st.session_state.get(YARDSTICK, options[0]) not in options:
        del st.session_state[YARDSTICK]
    return widgets.choice(
        "Hardness is the loss under",
        options,
        names,
        key=YARDSTICK,
        help="How hard an image is must not depend on the structure that was chosen for it. So hardness is the loss, "
        "−log of the probability of the true class, under one and the same structure for all images.",
    )


def verdict(found: analysis.Correlation) -> str:
    """The correlation in plain words."""
    if np.isnan(found.value):
        return "**Cannot be said:** all these images got structures of the same price, or there are fewer than three."
    if not found.clear:
        return "**No clear relation** between how hard an image is and what the network spends on it."
    size, way = abs(found.value), "dearer" if found.value > 0 else "cheaper"
    if size < 0.1:
        return f"**Hardly.** Harder images get {way} structures, but the tendency is very weak."
    strength = "somewhat" if size < 0.3 else "clearly" if size < 0.5 else "strongly"
    answer = "Yes" if found.value > 0 else "No, the other way round"
    return f"**{answer}, {strength}:** harder images tend to get {way} structures."


def spending(checkpoint: cache.Checkpoint, task: str, where: Slice, color: str) -> None:
    """What is spent on easy and on hard images."""
    gallery = cache.gallery(checkpoint, task)
    structure = yardstick(gallery)
    found = test_sets.correlation(checkpoint, task, where, structure)
    table = test_sets.spending(checkpoint, task, where, structure, GROUPS)
    number = (
        ""
        if np.isnan(found.value)
        else f" Rank correlation {found.value:+.2f} (95 % interval {found.low:+.2f} to {found.high:+.2f})."
    )
    st.markdown(verdict(found) + number)
    widgets.chart(
        charts.spending(table, color, float(np.average(table["macs"], weights=table["images"]))),
        key="hard_spending",
        alt="Mean MACs that were spent on the images, from the easiest to the hardest",
        data=table,
        name="macs-by-hardness",
        caption=(
            f"The {found.images:,} {gallery.split} images sorted by their loss under `{structure}`, in {len(table)} "
            "groups of about equal size; bars are 95 % intervals of the mean, the dotted line is the mean of all. "
            "The rank correlation (Spearman) is that of chosen MACs with this loss: +1 would mean that a harder image "
            "never gets a cheaper structure, 0 that neither tells anything about the other. Its interval comes from "
            f"{found.draws:,} bootstrap draws of the images (seed 0)."
        ),
    )


def group_picked() -> None:
    """A group by MACs was clicked: its images are wanted."""
    points = widgets.picked("hard_groups")
    if points:
        set_parameter(GROUP, str(int(points[0][0])))


def set_parameter(name: str, value: str | None) -> None:
    """Write a query parameter of this page, or take it away."""
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def groups(checkpoint: cache.Checkpoint, task: str, where: Slice, color: str) -> None:
    """From the cheapest structures to the dearest: accuracy, loss, examples."""
    st.subheader("Images from the cheapest to the dearest structure")
    table = test_sets.groups_by_macs(checkpoint, task, where, GROUPS)
    chosen = test_sets.rows(checkpoint, task, where)
    macs = cache.gallery(checkpoint, task).frame["macs"].to_numpy()
    distinct = len(np.unique(macs[chosen]))
    asked = st.query_params.get(GROUP, "")
    shown = int(asked) if asked.isdecimal() and 1 <= int(asked) <= len(table) else None
    widgets.chart(
        charts.macs_groups(table, color, None if shown is None else shown - 1),
        key="hard_groups",
        alt="Accuracy and mean loss of the images by the MACs that were spent on them",
        data=table,
        name="groups-by-macs",
        caption=(f"**{len(table)} groups instead of {GROUPS}**" if len(table) < GROUPS else f"**{GROUPS} groups**")
        + (
            f": {int(table['images'].sum()):,} images, but only {distinct} different prices, and images of one price "
            "stay together instead of being divided by chance. The larger a point, the more images. Bars are 95 % "
            "intervals. The loss is −log of the probability of the true class under the chosen structure. Lower "
            "accuracy at more MACs is no fault: it is what spending more on hard images looks like. **Click a point** "
            "for its images."
        ),
        on_select=group_picked,
    )
    group = analysis.tied_groups(macs[chosen], GROUPS)
    positions = np.flatnonzero(chosen)
    members = [positions[group == number] for number in range(len(table))]
    strips(checkpoint, task, table, members)
    if shown is not None:
        show_group(checkpoint, task, shown, members[shown - 1])


def strips(checkpoint: cache.Checkpoint, task: str, table: pd.DataFrame, members: list[np.ndarray]) -> None:
    """Every group with a few of its images."""
    generator, length = np.random.default_rng(0), min(STRIP_IMAGES // len(table), STRIP_LENGTH)
    for entry, positions in zip(table.itertuples(), members, strict=True):
        sample = np.sort(generator.choice(positions, size=min(length, len(positions)), replace=False))
        text, pictures = st.columns([2, 3], vertical_alignment="center")
        low, high = (f"{value / 1e6:.1f}" for value in (entry.macs_low, entry.macs_high))
        price = low if low == high else f"{low}–{high}"
        text.markdown(
            f"**Group {entry.group + 1}** · {price} M MACs · {entry.structures} "
            f"structure{'' if entry.structures == 1 else 's'}  \n{entry.images:,} images · "
            f"{widgets.percent(entry.accuracy)} right ({widgets.percent(entry.low, 0)}–"
            f"{widgets.percent(entry.high, 0)}) · mean loss {entry.loss:.2f} nats"
        )
        text.button(
            "All images of the group",
            key=f"hard_group_{entry.group}",
            on_click=set_parameter,
            args=(GROUP, str(entry.group + 1)),
            type="tertiary",
        )
        with pictures:
            grid(checkpoint, task, sample, f"hard_strip_{entry.group}", None, size=56)
    st.caption("Examples: a random sample (seed 0) of each group.")


def show_group(checkpoint: cache.Checkpoint, task: str, number: int, positions: np.ndarray) -> None:
    """All images of one group."""
    grid(checkpoint, task, positions, "hard_group_images", f"**Images of group {number}**")
    st.button("Close", key="hard_group_close", on_click=set_parameter, args=(GROUP, None), type="tertiary")


@st.fragment
def grid(
    checkpoint: cache.Checkpoint,
    task: str,
    positions: np.ndarray,
    key: str,
    heading: str | None,
    captions: Sequence[str] | None = None,
    size: int = 72,
) -> None:
    """Images of the task; turning a page draws them only."""
    images = pd.DataFrame({"task": task, "row": positions})
    widgets.image_grid(checkpoint, images, key=key, captions=captions, size=size, heading=heading)


def spent_picked(key: str, kind: str) -> None:
    """An outcome or a bin of the histogram was clicked: its images are wanted."""
    points = widgets.picked(key)
    if points:
        set_parameter(SPENT, f"{kind}:{points[0][0]}")


def chosen_spent() -> tuple[str, str]:
    """What was clicked in the charts of overspend: "outcome" or "bin", and which; empty where nothing was."""
    kind, _, name = st.query_params.get(SPENT, "").partition(":")
    return kind, name


def overspend(checkpoint: cache.Checkpoint, task: str, where: Slice) -> None:
    """What was spent beyond the cheapest structure that would have been right."""
    st.subheader("Would a cheaper model have done?")
    spent, chosen = test_sets.overspend(checkpoint, task), test_sets.rows(checkpoint, task, where)
    gallery = cache.gallery(checkpoint, task)
    table = analysis.outcome_table(spent, chosen).set_index("outcome", drop=False)
    over = spent.macs[chosen & (spent.macs > 0)]
    mean_chosen = float(spent.chosen_macs[chosen].mean())
    widgets.metric_row(
        [
            (
                "Cheaper would do",
                widgets.percent(table.at["cheaper", "share"]),
                "Share of images for which a tried structure with fewer MACs than the chosen one is right.",
            ),
            (
                "Beyond need",
                widgets.percent(over.sum() / (mean_chosen * chosen.sum())),
                "MACs beyond the cheapest right structure, summed over those images, as a share of all MACs that these "
                "images' structures took; selector in neither.",
            ),
            (
                "None is right",
                widgets.percent(table.at["none", "share"] + table.at["untried", "share"]),
                "Share of images that none of the tried structures gets right, at whatever price.",
            ),
        ]
    )
    present = table[table["images"] > 0]
    kind, name = chosen_spent()
    widgets.chart(
        charts.outcome_bars(present, analysis.OUTCOMES, name if kind == "outcome" else None),
        key="hard_outcomes",
        alt="How many images a cheaper structure would have served, and how many not",
        data=table,
        name="overspend-outcomes",
        caption=(
            f"Every image of the task was also run through {len(gallery.tried)} fixed structures: "
            f"{', '.join(f'`{key}`' for key in gallery.tried)}. *Cheapest right* is the cheapest of them that answers "
            "correctly. That is known only in hindsight, and among several structures a cheap one is sometimes right "
            "by luck: so this bounds from above what a better choice could save. **Click a bar** for its images."
        ),
        on_select=lambda: spent_picked("hard_outcomes", "outcome"),
    )
    bins = analysis.overspend_bins(spent, chosen)
    if len(bins):
        widgets.chart(
            charts.overspend_histogram(bins, int(name) if kind == "bin" and name.isdecimal() else None),
            key="hard_overspend",
            alt="How many MACs more than the cheapest right structure the images got",
            data=bins,
            name="overspend",
            caption=(
                f"n = {int(bins['images'].sum()):,} images that at least one tried structure gets right. MACs beyond "
                "need are those of the chosen structure minus those of the cheapest right one: right of 0 the image "
                "cost more than was needed, left of 0 less. The selector, which every image pays, is in neither. "
                "**Click a bar** for its images."
            ),
            on_select=lambda: spent_picked("hard_overspend", "bin"),
        )
    spent_images(checkpoint, task, spent, chosen, bins)


def spent_images(
    checkpoint: cache.Checkpoint, task: str, spent: analysis.Overspend, chosen: np.ndarray, bins: pd.DataFrame
) -> None:
    """The images of what was clicked, most overspent first; the worst ones where nothing was."""
    kind, name = chosen_spent()
    if kind == "outcome" and name in analysis.OUTCOMES:
        mask = chosen & (analysis.outcomes(spent) == list(analysis.OUTCOMES).index(name))
        heading = f"**{analysis.OUTCOMES[name]}**"
    elif kind == "bin" and name.isdecimal() and int(name) < len(bins):
        start, end = bins.loc[int(name), ["start", "end"]]
        mask = chosen & spent.solvable & (spent.macs >= start) & (spent.macs < end)
        heading = f"**{start / 1e6:.1f} to {end / 1e6:.1f} M MACs beyond need**"
    else:
        worst = analysis.worst(spent, chosen, WORST)
        heading = f"**The {len(worst)} images with the most MACs beyond need**"
        if len(worst):
            grid(checkpoint, task, worst, "hard_worst", heading, OverspendCaptions(checkpoint, task, spent, worst))
        return
    order = np.flatnonzero(mask)
    order = order[np.argsort(-spent.macs[order], kind="stable")]
    captions = OverspendCaptions(checkpoint, task, spent, order)
    grid(checkpoint, task, order, "hard_spent_images", heading, captions)
    st.button(
        "Back to the worst images", key="hard_spent_close", on_click=set_parameter, args=(SPENT, None), type="tertiary"
    )


class OverspendCaptions(Sequence[str]):
    """Class, answer, and the MACs beyond need of images; written when asked for, because a page shows a few of many."""

    def __init__(self, checkpoint: cache.Checkpoint, task: str, spent: analysis.Overspend, positions: np.ndarray):
        self._frame, self._names = cache.gallery(checkpoint, task).frame, cache.classes(checkpoint)[task]
        self._spent, self._positions = spent, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, place):
        if not isinstance(place, slice):
            return self._caption(int(self._positions[place]))
        return [self._caption(int(row)) for row in self._positions[place]]

    def _caption(self, row: int) -> str:
        entry = self._frame.iloc[row]
        verdict = "✓" if entry["correct"] else f"✗ {self._names[entry['prediction']]}"
        beyond = f"{self._spent.macs[row] / 1e6:+.1f} M" if self._spent.solvable[row] else "none is right"
        return f"{self._names[entry['label']]}\n{verdict}\n{beyond}"


st.title(PAGES["hard_images"].question)
st.markdown(
    "The network decides for every image how many multiply–accumulates (MACs) to spend. Do hard images get more, and "
    "could easy ones have had less?"
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    if st.session_state.get(state.TASK, tasks[0]) not in tasks:
        del st.session_state[state.TASK]
    task = widgets.choice("Test images of", tasks, titles, key=state.TASK)
    where = widgets.slice_filters(checkpoint, [task], fields=("class",))
    gallery = cache.gallery(checkpoint, task)
    color = task_colors(list(titles))[task]
    if not test_sets.rows(checkpoint, task, where).any():
        st.info("No image is in this selection.", icon=":material/filter_alt_off:")
    else:
        st.subheader("What is spent on easy and on hard images")
        if gallery.tried:
            spending(checkpoint, task, where, color)
        else:
            st.info(
                "How hard an image is, and what a cheaper structure would have done, is not known here: the test "
                "images were not run through fixed structures. Index them again with `python -m den_core index "
                f"checkpoints/{checkpoint.name}`, then reload this page.",
                icon=":material/info:",
            )
        groups(checkpoint, task, where, color)
        if gallery.tried:
            overspend(checkpoint, task, where)
