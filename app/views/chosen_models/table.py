"""Every structure in use, as a table that can be searched by pattern."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.views.chosen_models import charts, images
from den_core.analysis.slices import matches
from den_core.structure_keys import drawn_levels, is_early, structure_name

PER_PAGE = 25
TABLE = "chosen_table"


def show(checkpoint: cache.Checkpoint, table: pd.DataFrame, tasks: list[str], titles: dict[str, str]) -> pd.DataFrame:
    """The structures that fit the pattern, in pages; returns all of them.

    Args:
        table: of `cache.test_sets.structures`.
    """
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
    what = "models, an early answer one of them" if table["structure"].map(is_early).any() else "structures"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{len(found):,}** of {len(table):,} {what}, chosen by {found['images'].sum():,} images "
            f"({widgets.percent(share)})",
            width="stretch",
        )
        widgets.save_button(found, "structures", "chosen_table-data")
    _one_page(found, tasks, titles, cache.info(checkpoint).network.backbone.num_levels)
    return found


def _one_page(found: pd.DataFrame, tasks: list[str], titles: dict[str, str], num_levels: int) -> None:
    """As many rows as are shown at once."""
    pages = math.ceil(len(found) / PER_PAGE)
    page = st.pagination(pages, key=f"chosen_table_page_{pages}") if pages > 1 else 1
    part = found.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    shown = part["structure"].tolist()
    numbers = {name: st.column_config.NumberColumn(format="%.1f") for name in ("Share (%)", "Accuracy (%)")}
    numbers |= {f"{titles[task]}: MACs (M)": st.column_config.NumberColumn(format="%.1f") for task in tasks}
    st.dataframe(
        _for_people(part, tasks, titles, num_levels),
        key=TABLE,
        hide_index=True,
        column_config=numbers
        | {"Blocks": st.column_config.ImageColumn(width=charts.barcode_width(len(shown[0])) + 18)},
        on_select=lambda: _pick(shown),
        selection_mode="single-row",
        alt="Structures that fit the pattern, with images, share, accuracy and MACs",
    )
    st.caption(
        "One row per structure: its level in every block as colours (dark is level 0, bright the highest level) and as "
        "digits; no colours where the selector answered early and no block ran. Accuracy is that of the images that "
        "chose it. MACs, multiply–accumulates per image with the selector, differ between tasks because each task has "
        "its own first and last layer. **Click the left edge of a row** "
        "for its images."
    )


def _pick(shown: list[str]) -> None:
    """A row of the table was clicked, or let go."""
    rows = st.session_state[TABLE]["selection"]["rows"]
    images.want(shown[rows[0]] if rows else None)


def _for_people(part: pd.DataFrame, tasks: list[str], titles: dict[str, str], num_levels: int) -> pd.DataFrame:
    """The rows of one page for people; per cent and millions."""
    levels = drawn_levels(part["structure"], len(part["structure"].iloc[0]))
    columns = {
        "Rank": part["rank"],
        "Blocks": [charts.barcode_picture(row, num_levels) for row in levels],
        "Structure": part["structure"].map(structure_name),
        "Images": part["images"],
        "Share (%)": 100 * part["share"],
        "Accuracy (%)": 100 * part["accuracy"],
        "95 % interval (%)": [f"{100 * a:.0f}–{100 * b:.0f}" for a, b in zip(part["low"], part["high"], strict=True)],
    }
    for task in tasks:
        columns[f"{titles[task]}: images"] = part[f"images:{task}"]
        columns[f"{titles[task]}: MACs (M)"] = part[f"macs:{task}"] / 1e6
    return pd.DataFrame(columns)
