"""Does the image keep its model when it changes a little?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import widgets
from app.cache import one_image
from app.components.image_grid import Tile, image_grid, pressed
from app.style import level_colors
from app.views.inspect_image.charts import steadiness_of_blocks
from app.views.inspect_image.subject import Subject, force

if TYPE_CHECKING:
    from den_core.analysis.stability import Stability

TILES = "stability_tiles"
SEED = 0


def show(subject: Subject) -> None:
    """What holds and what does not, per block and per changed image."""
    found = one_image.steadiness(subject.checkpoint, subject.task, subject.data, SEED)
    frame = found.frame
    count, same = len(frame), int(frame["same_answer"].sum())
    unchanged = int((frame["structure"] == found.structure).sum())
    weakest = found.blocks["kept"].idxmin()
    st.markdown(
        f"Of {count} small changes to the picture, **{unchanged}** leave the whole structure as it is and **{same}** "
        f"leave the answer {widgets.literal(found.class_name)}. On average a block keeps its level in "
        f"**{widgets.percent(frame['kept'].mean(), 0)}** of them"
        + (
            f"; block {weakest} is the least steady ({widgets.percent(found.blocks['kept'].min(), 0)})."
            if found.blocks["kept"].min() < 1
            else "."
        )
        + _early_in_words(int(frame["early"].sum()), subject.inspection.early)
    )
    widgets.chart(
        steadiness_of_blocks(found.blocks),
        key="stability_chart",
        alt="Per block, the share of changed images that keep its level and how far its distribution moves",
        data=found.blocks.reset_index(),
        name="stability-of-blocks",
        caption=f"Top: in how many of the {count} changed images the block runs at the same level. Bottom: how far "
        "the selector's probabilities for the block move on average (l2 distance; 0 is not at all, 1.4 as far as "
        "possible). A block that moves without changing its level was chosen with room to spare.",
    )
    _pictures(subject, found)


def _early_in_words(changed: int, unchanged: bool) -> str:
    """How many of the changed pictures the selector answers by itself, and whether the picture itself."""
    if not (changed or unchanged):
        return ""
    itself = "like the picture itself" if unchanged else "but not the picture itself"
    return f" The selector answers **{changed}** of them early, {itself}; structures are then what would have run."


def _pictures(subject: Subject, found: Stability) -> None:
    """The changed pictures, each a button."""
    frame = found.frame

    def press() -> None:
        if (place := pressed(TILES)) is not None:
            force(frame["structure"].iat[int(place)], subject.inspection.structure, look=True)

    tiles = [
        Tile(
            id=f"{place}",
            picture=one_image.encoded(variant.pixels),
            alt=f"{variant.name}: {row.class_name}, structure {row.structure}",
            lines=(
                variant.name,
                f"{'same answer' if row.same_answer else row.class_name}, {_percent(row.confidence)}"
                + (", early" if row.early else ""),
                f"{_percent(row.kept)} of blocks kept",
                f"distance {row.distance:.3f}",
            ),
            structure=row.structure,
        )
        for place, (variant, row) in enumerate(zip(found.variants, frame.itertuples(), strict=True))
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**The changed pictures**, as the network sees them", width="stretch")
        widgets.save_button(frame, "stability-of-image", "stability-data")
    image_grid(tiles, TILES, 96, level_colors(subject.num_levels), "Try its structure on the unchanged image", press)
    st.caption(
        "The strip is the structure, one cell per block, dark for level 0 to bright for level "
        f"{subject.num_levels - 1}. Places of crops and grey patches are drawn with seed {SEED}. Pressing a picture "
        "opens its structure in the path editor, on the unchanged image."
    )


def _percent(fraction: float) -> str:
    """A fraction whose sign does not go to another line than its number."""
    return widgets.percent(fraction, 0).replace(" ", "\u00a0")
