"""Two checkpoints on the same test images: who is right where, what it costs, which structures changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, pages, state, widgets
from app.cache import whole_network
from app.charts import comparison as charts
from app.charts.style import task_colors
from den_core.analysis import comparison as analysis
from den_core.errors import DataError, DenError

TABLE, BINS = "two_by_two", "macs_histogram"
DIFFERENCE = "difference"
"Query parameter: the bin of the histogram that was clicked, as low_high in MACs."
ORDERS = {"changed": "Most changed first", "saved": "Most MACs saved first", "place": "Order of the data"}
ANY = "any"


def second_checkpoint(first: cache.Checkpoint) -> cache.Checkpoint:
    """The checkpoint that the first one is compared with; the page ends here where there is none."""
    others = [name for name in cache.checkpoint_names() if name != first.name]
    if not others:
        st.info(
            "There is only one checkpoint, and it takes two to compare. Train a second one, for example with "
            "`python -m den_core train open3-fast --seed 1 --out checkpoints/second`, index it with "
            "`python -m den_core index checkpoints/second`, then reload this page. Any other finished checkpoint "
            "folder of the same tasks, copied to `checkpoints/`, will do as well.",
            icon=":material/info:",
        )
        st.stop()
    if st.session_state.get(state.OTHER, others[0]) not in others:
        del st.session_state[state.OTHER]
    name = st.selectbox(
        "Compare with",
        others,
        key=state.OTHER,
        bind="query-params",
        help="The second checkpoint. The first one is picked in the sidebar.",
    )
    return cache.identify(name)


def common_tasks(first: cache.Checkpoint, second: cache.Checkpoint) -> list[str]:
    """The tasks that can be compared; the page ends here where there is none, and says why."""
    shared = [task for task in cache.classes(first) if task in cache.classes(second)]
    if not shared:
        names = [", ".join(map(widgets.literal, cache.classes(checkpoint))) for checkpoint in (first, second)]
        st.info(
            f"The two networks share no task: the first one has {names[0]}, the second one {names[1]}. Compare "
            "networks that were trained for the same task.",
            icon=":material/info:",
        )
        st.stop()
    for checkpoint in (first, second):
        missing = [task for task in shared if task not in cache.tasks_with_gallery(checkpoint)]
        if missing:
            st.info(
                f"{widgets.literal(checkpoint.name)} is not indexed for {widgets.literal(', '.join(missing))}: "
                f"`python -m den_core index checkpoints/{checkpoint.name}` writes its galleries.",
                icon=":material/info:",
            )
    both = [task for task in shared if all(task in cache.tasks_with_gallery(cp) for cp in (first, second))]
    if not both:
        st.stop()
    return both


def results(first: cache.Checkpoint, second: cache.Checkpoint, tasks: list[str]) -> dict[str, analysis.Comparison]:
    """The comparison of every task that can be compared; a line for each that cannot."""
    found = {}
    for task in tasks:
        try:
            found[task] = whole_network.comparison(first, second, task)
        except DataError as error:
            title = widgets.task_titles(first)[task]
            st.warning(f"{widgets.literal(title)} cannot be compared: {widgets.literal(str(error))}")
    return found


def show_overview(found: dict[str, analysis.Comparison], titles: dict[str, str], names: tuple[str, str]) -> None:
    """All tasks: a table and a chart of where both networks stand."""
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
        f"the test split. {unmatched(found, titles)}p: how often two equally good networks would disagree so unevenly "
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


def unmatched(found: dict[str, analysis.Comparison], titles: dict[str, str]) -> str:
    """A sentence on images that only one gallery holds."""
    parts = [
        f"{widgets.literal(titles[task])}: {part.only_first:,} only in the first, "
        f"{part.only_second:,} only in the second"
        for task, part in found.items()
        if part.only_first or part.only_second
    ]
    return f"Left out, because only one network was run on them – {'; '.join(parts)}. " if parts else ""


def pick_outcome() -> None:
    """A cell of the table was clicked."""
    for (outcome,) in widgets.picked(TABLE)[:1]:
        state.set_filters(**{state.OUTCOME: outcome})


def pick_bin() -> None:
    """A bar of the histogram was clicked."""
    for low, high in widgets.picked(BINS)[:1]:
        st.query_params[DIFFERENCE] = f"{low:.0f}_{high:.0f}"


def forget_bin() -> None:
    """Take the choice of a bar back."""
    st.query_params.pop(DIFFERENCE, None)


def chosen_bin(bins: pd.DataFrame) -> tuple[float, float] | None:
    """The bar that the URL names, if there is such a one."""
    text = st.query_params.get(DIFFERENCE)
    edges = [(low, high) for low, high in zip(bins["low"], bins["high"], strict=True)]
    return next(((low, high) for low, high in edges if f"{low:.0f}_{high:.0f}" == text), None)


def show_charts(
    found: analysis.Comparison, outcome: str, bins: pd.DataFrame, edges: tuple[float, float] | None
) -> None:
    """Who is right where, and what it costs more or less."""
    place = st.container(horizontal=True, gap="medium")
    left, right = place.container(width=330), place.container(width=450)
    counts = found.counts
    with left:
        widgets.chart(
            charts.two_by_two(counts, None if outcome == ANY else outcome),
            key=TABLE,
            alt="Images by whether the first and the second network answer rightly",
            data=pd.DataFrame({"outcome": list(counts), "images": list(counts.values())}),
            on_select=pick_outcome,
            caption=f"n = {len(found.images):,} test images. Click a cell for its images. McNemar's exact p "
            f"{p_title(found.p_value)}, from the two cells in which the networks disagree.",
        )
    with right:
        widgets.chart(
            charts.macs_histogram(bins, edges),
            key=BINS,
            alt="Images by MACs of the second network minus MACs of the first",
            data=bins,
            on_select=pick_bin,
            caption="How much more or less work the second network does for the same image. Left of “same” it is "
            "cheaper. Click a bar for its images.",
        )


def p_title(p: float) -> str:
    """A p-value with its sign of comparison; very small ones only by their bound."""
    return f"= {p:.2g}" if p >= 1e-6 else "< 0.000001"


def show_structures(found: analysis.Comparison, num_levels: int, names: tuple[str, str]) -> None:
    """The most frequent pairs of structures, or why there are none."""
    st.subheader("Structures side by side")
    if not found.same_blocks:
        st.info(
            "The two networks have different blocks or levels, so their structures do not stand for the same parts: "
            "only predictions and MACs are compared.",
            icon=":material/info:",
        )
        return
    pairs = analysis.structure_pairs(found.images, 12)
    levels = [
        np.array([[int(digit) for digit in key] for key in pairs[column]])
        for column in ("structure", "other_structure")
    ]
    labels = [f"{entry.images:,} images ({entry.share:.0%})" for entry in pairs.itertuples()]
    widgets.chart(
        charts.structure_pairs(*levels, labels, num_levels, names),
        key="structure_pairs",
        alt="The most frequent pairs of structures as barcodes side by side",
        data=pairs,
        caption="Each row is a group of images: their structure in the first network, and in the second. A cell is a "
        f"block, its colour the level. The {len(pairs)} most frequent pairs hold "
        f"{widgets.percent(pairs['share'].sum(), 0)} of the images.",
    )


def selected(found: analysis.Comparison, outcome: str, edges: tuple[float, float] | None, order: str) -> pd.DataFrame:
    """The images of the chosen cell and bar, in the chosen order."""
    images = found.images
    keep = np.ones(len(images), dtype=bool) if outcome == ANY else (images["outcome"] == outcome).to_numpy()
    if edges is not None:
        keep = keep & analysis.in_bin(images["macs_difference"].to_numpy(), *edges)
    images = images[keep]
    if order == "changed" and found.same_blocks:
        return images.sort_values("distance", ascending=False, kind="stable")
    return images.sort_values("macs_difference", kind="stable") if order == "saved" else images


def show_images(first: cache.Checkpoint, task: str, images: pd.DataFrame, same_blocks: bool) -> None:
    """The images with both answers, both structures and both costs."""
    names = np.asarray(cache.classes(first)[task], dtype=object)
    listed = images.drop(columns=["label", "prediction", "other_prediction"])
    listed.insert(0, "task", task)
    listed.insert(2, "class_name", names[images["label"]])
    listed.insert(3, "answer", names[images["prediction"]])
    listed.insert(4, "other_answer", names[images["other_prediction"]])

    def captions(part: pd.DataFrame) -> list[str]:
        return [caption(entry, same_blocks) for entry in part.itertuples()]

    widgets.image_grid(first, listed, key="compare-images", captions=captions, heading="**Images**")


def caption(entry, same_blocks: bool) -> str:
    """Both answers to one image, and how far the second network is from the first."""
    first, second = (
        "✓" if answer == entry.class_name else f"✗ {answer}" for answer in (entry.answer, entry.other_answer)
    )
    moved = f"\nmoved {entry.distance:.2f}" if same_blocks else ""
    return f"{entry.class_name}\n1 {first}\n2 {second}\n{entry.macs_difference / 1e6:+.1f} M MACs{moved}"


@st.fragment
def explored(first: cache.Checkpoint, second: cache.Checkpoint, found: analysis.Comparison, task: str) -> None:
    """One task: charts, and the images that are picked in them."""
    bins = analysis.macs_bins(found.images["macs_difference"].to_numpy())
    edges = chosen_bin(bins)
    outcomes = [ANY, *analysis.OUTCOMES]
    outcome = widgets.choice("Images", outcomes, {ANY: "All", **charts.OUTCOME_TITLES}, key=state.OUTCOME)
    show_charts(found, outcome, bins, edges)
    orders = list(ORDERS) if found.same_blocks else [name for name in ORDERS if name != "changed"]
    if st.session_state.get(state.ORDER, orders[0]) not in orders:
        del st.session_state[state.ORDER]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = widgets.choice("Order", orders, ORDERS, key=state.ORDER)
        if edges is not None:
            st.button(
                f"Only {charts.bin_title(*edges)} M MACs",
                on_click=forget_bin,
                icon=":material/close:",
                key="forget_bin",
            )
    show_images(first, task, selected(found, outcome, edges, order), found.same_blocks)
    st.caption(
        "1 and 2: the answers of the first and the second network; then the MACs of the second minus those of the first"
        + (", and the l2 distance between the two model distributions of the image." if found.same_blocks else ".")
        + " The strip below a picture is the structure in the first network."
    )
    show_structures(found, cache.info(first).network.backbone.num_levels, (first.name, second.name))


st.title(pages.PAGES["compare"].question)
st.markdown(
    "The same test images through two networks: which answers change, what that costs, and where the work moves."
)
with widgets.errors_shown():
    first = widgets.checkpoint()
    titles = widgets.task_titles(first)
    second = second_checkpoint(first)
    try:
        cache.info(second)
    except DenError as error:
        raise DataError(f"{second.name} cannot be read: {error}") from error
    tasks = common_tasks(first, second)
    found = results(first, second, tasks)
    if not found:
        st.stop()
    show_overview(found, titles, (first.name, second.name))
    st.subheader("Image by image")
    if st.session_state.get(state.TASK, next(iter(found))) not in found:
        del st.session_state[state.TASK]
    task = widgets.choice("Test images of", list(found), titles, key=state.TASK)
    explored(first, second, found[task], task)
