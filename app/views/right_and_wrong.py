"""Where is the network right and wrong: filters, confusion, slices, and how far its confidence can be trusted."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.charts import confusion as charts
from app.charts.style import task_colors
from app.pages import PAGES
from den_core.analysis.confusion import Summary, confusion_table, row_shares
from den_core.analysis.slices import Slice

BY = "by"
"URL: what the slices are cut by."
MATRIX = "matrix"
"URL: the task whose confusion matrix is shown, where there are several."
MISTAKES = "mistakes"
"URL: whether the matrix leaves right answers out."
GROUPINGS = {
    "class": "Class",
    "task": "Task",
    "macs": "MACs",
    "confidence": "Confidence",
    "structure": "Structure",
}
MOST_ROWS = 40
METRIC_WIDTH = 170


def headline(part: Summary, whole: Summary) -> None:
    """The selection in four numbers, beside all images."""
    filtered = part.images < whole.images
    beside = (
        f"of {whole.images:,}",
        f"{100 * (part.accuracy - whole.accuracy):+.1f} points",
        f"{100 * (part.macs / whole.macs - 1):+.1f} %",
        f"{100 * (part.confidence - whole.confidence):+.1f} points",
    )
    values = (
        ("Images", f"{part.images:,}", "Test images that the filters take."),
        ("Accuracy", widgets.percent(part.accuracy), "Share of right answers, every image counting the same."),
        ("Mean MACs", widgets.millions(part.macs), "Multiply–accumulates per image, selector included."),
        ("Mean confidence", widgets.percent(part.confidence), "Mean probability of the answer."),
    )
    with st.container(horizontal=True):  # wraps where the window is narrow
        for (label, value, meaning), difference in zip(values, beside, strict=True):
            st.metric(
                label,
                value,
                delta=difference if filtered else None,
                delta_color="off",
                delta_arrow="off",
                help=meaning,
                border=True,
                width=METRIC_WIDTH,
            )
    interval = f"95 % interval of the accuracy: {widgets.percent(part.low)} to {widgets.percent(part.high)}."
    everything = (
        f" Below the numbers the difference to all {whole.images:,} test images, of which "
        f"{widgets.percent(whole.accuracy)} are right at {widgets.millions(whole.macs)} MACs."
    )
    st.caption(interval + (everything if filtered else ""))


def cell_picked() -> None:
    """A cell of the matrix was clicked: its images are wanted."""
    points = widgets.picked("right_confusion")
    if points:
        state.set_filters(**{state.CLASS: points[0][0], state.PREDICTED: points[0][1]})


def whatever_the_answer(where: Slice) -> Slice:
    """The slice without filters that alone decide what is right: accuracy of wrong answers is 0 and says nothing."""
    decided = where.label is not None and where.predicted is not None
    return replace(where, correct=None, predicted=None if decided else where.predicted)


def confusion(checkpoint: cache.Checkpoint, where: Slice, titles: dict[str, str]) -> None:
    """True classes against answers, for one task."""
    st.subheader("Which classes are mixed up")
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    task = where.tasks[0]
    if len(where.tasks) > 1:
        if st.session_state.get(MATRIX, task) not in where.tasks:
            del st.session_state[MATRIX]
        with left:
            task = widgets.choice("Task", where.tasks, titles, key=MATRIX)
    # The cell that was clicked is a filter itself: the matrix shows where it stands among the others.
    counts = test_sets.confusion(checkpoint, task, replace(where.of(task), label=None, predicted=None))
    if not counts.sum():
        st.info("No image of this task is in the selection.", icon=":material/filter_alt_off:")
        return
    mistakes = right.toggle("Mistakes only", key=MISTAKES, bind="query-params")
    names = cache.classes(checkpoint)[task]
    cell = None
    if where.label in names and where.predicted in names:
        cell = names.index(where.label), names.index(where.predicted)
    wrong = int(counts.sum() - counts.trace())
    widgets.chart(
        charts.confusion_map(counts, row_shares(counts), names, mistakes, cell),
        key="right_confusion",
        alt=f"True classes of {titles[task]} against the answers",
        data=confusion_table(counts, names),
        name=f"confusion-{task}",
        caption=(
            f"Rows are true classes, columns are answers; n = {int(counts.sum()):,} images, {wrong:,} of them wrong. "
            "The colour is the share of the row's images, so that large classes do not outshine small ones; the "
            "diagonal is right. "
            + ("The scale ends at the largest mistake. " if mistakes else "")
            + "**Click a cell** to see its images below."
        ),
        on_select=cell_picked,
    )


def left_out(selected: Slice, where: Slice) -> str:
    """Says that a chart goes beyond the selection, where it does."""
    if selected == where:
        return ""
    return " Filters on answer and verdict do not apply here: they would decide the accuracy."


def slice_picked() -> None:
    """A slice was clicked: it becomes the filter."""
    points = widgets.picked("right_slices")
    if not points:
        return
    task, group, start, end = points[0][:4]
    by = st.session_state.get(BY)
    filters = {state.SCOPE: task} if len(st.session_state.get("right_tasks", ())) > 1 else {}
    if by == "class":
        filters[state.CLASS] = group
    elif by == "structure":
        filters[state.STRUCTURE] = group
    elif by == "macs":
        filters[state.MACS] = (int(start / 1e6), int(end / 1e6))
    elif by == "confidence":
        filters[state.CONFIDENCE] = (round(100 * start), round(100 * end))
    state.set_filters(**filters)


def slice_name(row, by: str, titles: dict[str, str]) -> str:
    """A slice in words; with its task where there are several."""
    task = titles[row.task]
    if by == "task":
        return task
    if by == "macs":
        name = f"{row.start / 1e6:.0f}–{row.end / 1e6:.0f} M MACs"
    elif by == "confidence":
        name = f"{100 * row.start:.0f}–{100 * row.end:.0f} %"
    else:
        name = row.group
    return name if len(titles) == 1 else f"{name} · {task}"


def slices(checkpoint: cache.Checkpoint, selected: Slice, titles: dict[str, str]) -> None:
    """Accuracy of the parts of the selection."""
    st.subheader("Where accuracy is high and low")
    where = whatever_the_answer(selected)
    overall = test_sets.summary(checkpoint, where).accuracy
    by = widgets.choice("Cut the selection by", list(GROUPINGS), GROUPINGS, key=BY)
    table = test_sets.slices(checkpoint, where, by)
    st.session_state["right_tasks"] = list(cache.tasks_with_gallery(checkpoint))
    if by in ("class", "structure"):
        table = table.sort_values("accuracy", kind="stable").reset_index(drop=True)
    part = table.head(MOST_ROWS)
    own = {task: titles[task] for task in where.tasks}
    names = [slice_name(row, by, own) for row in part.itertuples()]
    shown = f" The {MOST_ROWS} lowest of {len(table):,} are drawn; the CSV has all." if len(table) > MOST_ROWS else ""
    note = {
        "structure": " Of every task the 20 most chosen structures.",
        "macs": " Ranges hold about equally many images, as far as images of one price stay together.",
        "confidence": " Confidence is the probability that the network gives its own answer.",
    }.get(by, "")
    widgets.chart(
        charts.slice_dots(part, names, task_colors(list(titles)), titles, overall),
        key="right_slices",
        alt=f"Accuracy by {GROUPINGS[by].lower()}",
        data=table,
        name=f"slices-by-{by}",
        caption=(
            "A point is the accuracy of a part of the selection, its bar the 95 % interval (long where there are few "
            f"images), the dotted line the accuracy of all of them, {widgets.percent(overall)}.{note}{shown} "
            "**Click a point** to make it the filter." + left_out(selected, where)
        ),
        on_select=slice_picked,
    )
    with st.expander("The same as a table"):
        widgets.table(people_table(table, by, own), name=f"slices-by-{by}", key="right_slices_table")


def people_table(table: pd.DataFrame, by: str, titles: dict[str, str]) -> pd.DataFrame:
    """Slices for people: per cent and millions."""
    return pd.DataFrame(
        {
            GROUPINGS[by]: [slice_name(row, by, titles) for row in table.itertuples()],
            "Images": table["images"],
            "Accuracy (%)": (100 * table["accuracy"]).round(1),
            "From (%)": (100 * table["low"]).round(1),
            "To (%)": (100 * table["high"]).round(1),
            "Mean MACs (M)": (table["macs"] / 1e6).round(2),
            "Mean confidence (%)": (100 * table["confidence"]).round(1),
        }
    )


def bin_picked() -> None:
    """A range of confidence was clicked: it becomes the filter."""
    points = widgets.picked("right_reliability")
    if points:
        start, end = points[0][:2]
        state.set_filters(**{state.CONFIDENCE: (round(100 * start), round(100 * end))})


def reliability(checkpoint: cache.Checkpoint, selected: Slice) -> None:
    """Confidence against accuracy."""
    st.subheader("How far can its confidence be trusted")
    where = whatever_the_answer(selected)
    found = test_sets.reliability(checkpoint, replace(where, confidence=None))
    if math.isnan(found.error):
        return
    tendency = "too sure of itself" if found.gap > 0 else "less sure of itself than it could be"
    widgets.chart(
        charts.reliability_diagram(found.bins),
        key="right_reliability",
        alt="Accuracy against confidence, and how many images have that confidence",
        data=found.bins,
        name="reliability",
        caption=(
            f"**Expected calibration error {widgets.percent(found.error)}**; mean confidence minus accuracy "
            f"{100 * found.gap:+.1f} points, so on the whole it is {tendency}. Answers of equal confidence are put "
            "together in steps of 10 %: were 70 % sure answers right 70 % of the time, the points would lie on the "
            "dotted line; below it the network is too sure. Bars are 95 % intervals; the calibration error is the mean "
            f"distance from the line, weighted by images (n = {found.images:,}; with few images it comes out too "
            "large). **Click a point** to make it the filter."
            + left_out(selected, where)
            + (" The filter on confidence does not apply here." if where.confidence else "")
        ),
        on_select=bin_picked,
    )


@st.fragment
def images(checkpoint: cache.Checkpoint, where: Slice) -> None:
    """The images that the filters take."""
    widgets.image_grid(checkpoint, cache.selection(checkpoint, where), key="right_images", heading="**Images**")


st.title(PAGES["right_and_wrong"].question)
st.markdown(
    "Choose images with the filters, or by clicking in the charts; everything on the page is about the chosen ones. "
    "The filters stay when you go to another page."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    where = widgets.slice_filters(checkpoint, tasks)
    part, whole = test_sets.summary(checkpoint, where), test_sets.summary(checkpoint, Slice(tasks=tuple(tasks)))
    if part.images:
        headline(part, whole)
        confusion(checkpoint, where, titles)
        images(checkpoint, where)
        slices(checkpoint, where, titles)
        reliability(checkpoint, where)
    else:
        st.info("No image is in this selection. Take a filter back.", icon=":material/filter_alt_off:")
