"""Which structures are chosen over the test sets (the paper's Fig. 6a), and the most chosen ones (Fig. 7)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets
from app.charts import chosen as charts
from app.charts.style import task_colors
from app.pages import PAGES
from den_core.analysis.chosen import covering, effective_number, head_and_tail, rank_frequency
from den_core.analysis.galleries import gallery_levels
from den_core.analysis.slices import Slice, matches

TOP = 15
CARDS = 3
EXAMPLES = 8
PER_PAGE = 25
SHARE = 0.8
PICKED = "picked"
"Query parameter: the structure whose images are listed, one of those that fit the pattern."


def summary(table: pd.DataFrame) -> None:
    """How varied the choices are, in four numbers."""
    counts = table["images"].to_numpy()
    widgets.metric_row(
        [
            ("Images", f"{counts.sum():,}", "Test images counted."),
            ("Structures", f"{len(table):,}", "At least one image chose each of them."),
            (
                "Effective number",
                f"{effective_number(counts):.1f}",
                "As varied as this many structures that are all used equally often (exp of the entropy).",
            ),
            (
                f"Cover {100 * SHARE:.0f} %",
                f"{covering(counts, SHARE):,}",
                f"The fewest structures that together serve {100 * SHARE:.0f} % of the images.",
            ),
        ]
    )


def bar_picked() -> None:
    """A bar was clicked: its images are wanted; the tail has no structure."""
    points = widgets.picked("chosen_histogram")
    if points and points[0][0]:
        show_images_of(points[0][0])


def row_picked(shown: list[str]) -> None:
    """A row of the table was clicked, or let go."""
    rows = st.session_state["chosen_table"]["selection"]["rows"]
    show_images_of(shown[rows[0]] if rows else None)


def show_images_of(structure: str | None) -> None:
    """List the images of one structure, or of all that fit the pattern."""
    if structure is None:
        st.query_params.pop(PICKED, None)
        return
    st.query_params[PICKED] = structure
    if not matches([structure], pattern_text())[0]:
        st.session_state.pop(state.STRUCTURE, None)


def pattern_text() -> str:
    """The pattern as it was typed; empty where it is none."""
    text = (st.session_state.get(state.STRUCTURE) or "").strip()
    return text if set(text) <= set("0123456789?*") else ""


def histogram(checkpoint: cache.Checkpoint, table: pd.DataFrame, tasks: list[str], titles: dict[str, str]) -> None:
    """The ranking with its long tail, coloured by task."""
    counts = head_and_tail(table, tasks, TOP)
    top = table.head(TOP)
    others = len(table) - len(top)
    levels = gallery_levels(top["structure"], len(top["structure"].iloc[0]))
    total = int(table["images"].sum())
    widgets.chart(
        charts.chosen_histogram(
            counts,
            levels,
            cache.info(checkpoint).network.backbone.num_levels,
            task_colors(list(titles)),
            titles,
            total,
            f"{others:,} more structures",
            st.query_params.get(PICKED),
        ),
        key="chosen_histogram",
        alt="The most chosen structures and how many images chose each",
        data=counts.rename_axis("structure").reset_index(),
        name="chosen-structures",
        caption=(
            f"Each row is a structure: on the left its level in every block, on the right how many of the {total:,} "
            f"test images chose it. The {len(top)} most chosen of {len(table):,} structures are shown"
            + (f", the last bar counts all {others:,} others together" if others else "")
            + ". **Click a bar** for its images."
        ),
        on_select=bar_picked,
    )


def curves(table: pd.DataFrame, tasks: list[str], titles: dict[str, str]) -> None:
    """How fast the most chosen structures cover the images."""
    ranks = {task: rank_frequency(table[f"images:{task}"][table[f"images:{task}"] > 0]) for task in tasks}
    names = dict(titles)
    if len(tasks) > 1:
        ranks[cache_all := widgets.ALL_TASKS] = rank_frequency(table["images"])
        names[cache_all] = "All tasks"
    parts = []
    for task, rank in ranks.items():
        needed = covering(rank["images"].to_numpy(), SHARE)
        verb = "structure covers" if needed == 1 else "structures cover"
        parts.append(f"{widgets.literal(names[task])}: {needed:,} {verb} {100 * SHARE:.0f} % of the images")
    widgets.chart(
        charts.coverage_curves(ranks, task_colors(list(titles)), names, SHARE),
        key="chosen_coverage",
        alt="Share of the images that the most chosen structures serve together, and each of them alone",
        data=pd.concat([rank.assign(scope=task) for task, rank in ranks.items()]),
        name="coverage",
        caption=(
            f"**{'; '.join(parts)}.** Left: how many images the first 1, 2, 3 … structures serve together; the dotted "
            f"line is {100 * SHARE:.0f} %. Right: the share of each structure alone. The sooner the left curves reach "
            "the top, the fewer different models are really in use. Both axes of ranks are logarithmic."
        ),
    )


def shown_table(part: pd.DataFrame, tasks: list[str], titles: dict[str, str], num_levels: int) -> pd.DataFrame:
    """The rows of one page for people; per cent and millions."""
    levels = gallery_levels(part["structure"], len(part["structure"].iloc[0]))
    columns = {
        "Rank": part["rank"],
        "Blocks": [charts.barcode_picture(row, num_levels) for row in levels],
        "Structure": part["structure"],
        "Images": part["images"],
        "Share (%)": 100 * part["share"],
        "Accuracy (%)": 100 * part["accuracy"],
        "95 % interval (%)": [f"{100 * a:.0f}–{100 * b:.0f}" for a, b in zip(part["low"], part["high"], strict=True)],
    }
    for task in tasks:
        columns[f"{titles[task]}: images"] = part[f"images:{task}"]
        columns[f"{titles[task]}: MACs (M)"] = part[f"macs:{task}"] / 1e6
    return pd.DataFrame(columns)


def structure_table(checkpoint: cache.Checkpoint, table: pd.DataFrame, tasks: list[str], titles: dict[str, str]):
    """The structures that fit the pattern, in pages; returns all of them."""
    pattern = st.text_input(
        "Find structures",
        key=state.STRUCTURE,
        bind="query-params",
        placeholder="33*1",
        help="One digit per block, first block first. ? stands for one block at any level, * for any run of blocks: "
        "33*1 finds structures that begin with 33 and end with 1.",
    ).strip()
    found, blocks = table[matches(table["structure"], pattern)], len(table["structure"].iloc[0])
    if found.empty:
        st.info(
            f"None of the {len(table):,} structures in use fits {widgets.literal(pattern)}. Structures here have "
            f"{blocks} digits; a pattern without * must have as many.",
            icon=":material/filter_alt_off:",
        )
        return found
    share = found["images"].sum() / table["images"].sum()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{len(found):,}** of {len(table):,} structures, chosen by {found['images'].sum():,} images "
            f"({widgets.percent(share)})",
            width="stretch",
        )
        widgets.save_button(found, "structures", "chosen_table-data")
    pages = math.ceil(len(found) / PER_PAGE)
    page = st.pagination(pages, key=f"chosen_table_page_{pages}") if pages > 1 else 1
    part = found.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    shown = part["structure"].tolist()
    numbers = {name: st.column_config.NumberColumn(format="%.1f") for name in ("Share (%)", "Accuracy (%)")}
    numbers |= {f"{titles[task]}: MACs (M)": st.column_config.NumberColumn(format="%.1f") for task in tasks}
    st.dataframe(
        shown_table(part, tasks, titles, cache.info(checkpoint).network.backbone.num_levels),
        key="chosen_table",
        hide_index=True,
        column_config=numbers | {"Blocks": st.column_config.ImageColumn(width=charts.barcode_width(blocks) + 18)},
        on_select=lambda: row_picked(shown),
        selection_mode="single-row",
        alt="Structures that fit the pattern, with images, share, accuracy and MACs",
    )
    st.caption(
        "One row per structure: its level in every block as colours (dark is level 0, bright the highest level) and as "
        "digits. Accuracy is that of the images that chose it. MACs, multiply–accumulates per image with the selector, "
        "differ between tasks because each task has its own first and last layer. **Click the left edge of a row** "
        "for its images."
    )
    return found


def images(checkpoint: cache.Checkpoint, found: pd.DataFrame, tasks: list[str]) -> None:
    """The images of the picked structure, or of all that fit the pattern."""
    picked = st.query_params.get(PICKED)
    known = picked is not None and (found["structure"] == picked).any()
    pattern = picked if known else pattern_text()
    heading = f"**Images that chose** `{pattern}`" if pattern else "**Images of all these structures**"
    if known and len(found) > 1:
        st.button(
            "Images of all structures in the table",
            on_click=show_images_of,
            args=(None,),
            type="tertiary",
            icon=":material/filter_alt_off:",
        )
    grid(checkpoint, Slice(tasks=tuple(tasks), structure=pattern), heading)


@st.fragment
def grid(checkpoint: cache.Checkpoint, where: Slice, heading: str) -> None:
    """Turning a page draws the images only."""
    widgets.image_grid(checkpoint, cache.selection(checkpoint, where), key="chosen_images", heading=heading)


def cards(checkpoint: cache.Checkpoint, task: str) -> None:
    """The most chosen structures of a task: key, share, accuracy, price, and images that chose them."""
    images = len(cache.gallery(checkpoint, task))
    for entry in test_sets.most_chosen(checkpoint, task, CARDS, EXAMPLES).itertuples():
        with st.container(border=True):
            st.markdown(
                f"**{entry.rank}.** `{entry.structure}` · **{widgets.percent(entry.share)}** of {images:,} images · "
                f"{widgets.percent(entry.accuracy)} right ({widgets.percent(entry.low, 0)}–"
                f"{widgets.percent(entry.high, 0)}) · {widgets.millions(entry.macs)} MACs"
            )
            widgets.image_grid(
                checkpoint,
                pd.DataFrame({"task": task, "row": np.asarray(entry.rows)}),
                key=f"chosen_card_{task}_{entry.rank}",
                save=False,
            )


st.title(PAGES["chosen_models"].question)
st.markdown(
    "Every image chooses its own model out of many: a *structure*, one level per block, written as one digit per "
    "block. Which structures are really in use, by how many images, and for what?"
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    options = [widgets.ALL_TASKS, *tasks] if len(tasks) > 1 else tasks
    if st.session_state.get(state.SCOPE, options[0]) not in options:
        del st.session_state[state.SCOPE]
    scope = widgets.choice("Test images of", options, titles | {widgets.ALL_TASKS: "All tasks"}, key=state.SCOPE)
    counted = tasks if scope == widgets.ALL_TASKS else [scope]
    table = test_sets.structures(checkpoint, tuple(counted))
    summary(table)
    histogram(checkpoint, table, counted, titles)
    curves(table, counted, titles)

    st.subheader("Every structure in use")
    with widgets.errors_shown():
        found = structure_table(checkpoint, table, counted, titles)
        if len(found):
            images(checkpoint, found, counted)

    st.subheader("The most chosen structures of each task")
    st.caption(
        "With each structure a random sample (seed 0) of the images that chose it; the accuracy is that of all images "
        "that chose it, with its 95 % interval."
    )
    for task in counted:
        st.markdown(f"##### {widgets.literal(titles[task])}")
        cards(checkpoint, task)
