"""Two images that get different structures."""

from __future__ import annotations

import streamlit as st

from app import cache, widgets
from app.cache import whole_network
from app.views.guide import charts

PICTURE = 180


def show(checkpoint: cache.Checkpoint) -> None:
    """Both images, what they get, and their structures block by block."""
    found = whole_network.contrast(checkpoint)
    gallery, names = cache.gallery(checkpoint, found.task), cache.classes(checkpoint)[found.task]
    st.markdown(
        "A second, small network – the **selector** – looks at the image first and picks a level for every block. The "
        "list of levels is the image's **structure**: its own, smaller network inside the big one."
    )
    left, right = st.columns(2, gap="large")
    for column, row, what in ((left, found.cheap, "little"), (right, found.expensive, "much")):
        entry = gallery.frame.iloc[row]
        with column, st.container(border=True):
            label = names[entry["label"]]
            with widgets.errors_shown():
                if (picture := widgets.picture(checkpoint, found.task, row, PICTURE)) is not None:
                    st.image(picture, width=PICTURE, alt=f"{label}, test image {row}")
            verdict = "✓ right" if entry["correct"] else "✗ wrong"
            st.markdown(
                f"**{widgets.literal(label)}** gets {what} of the network: {widgets.millions(entry['macs'])} MACs, "
                f"structure `{entry['structure']}`. Answer: {widgets.literal(names[entry['prediction']])} ({verdict})."
            )
    widgets.chart(
        charts.structures(
            gallery.levels[[found.cheap, found.expensive]],
            [f"{names[gallery.frame['label'].iloc[row]]}, #{row}" for row in (found.cheap, found.expensive)],
            gallery.num_levels,
        ),
        key="tour_structures",
        data=gallery.frame.iloc[[found.cheap, found.expensive]],
        alt="The structures of the two images: the level of every block",
        caption=f"Both structures, block by block. Chosen by a rule: of the correctly answered test images of "
        f"{widgets.literal(widgets.task_titles(checkpoint)[found.task])}, those with the fewest and with the most "
        "MACs; of several, the one with the most confident answer."
        + (" Images that the selector answers early, without any block, are left out." if gallery.early.any() else ""),
    )
