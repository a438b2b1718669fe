"""A query and its neighbours in one of the spaces."""

from __future__ import annotations

import streamlit as st

from app import cache, state, widgets
from app.cache import one_image
from app.cache.one_image import DISTRIBUTION, FEATURES, STRUCTURE
from app.views.similar_images import query, spaces_compared
from app.views.similar_images.spaces_compared import SPACES
from app.widgets.neighbours import neighbour_grids

K = 4
"Neighbours per task."
MEANINGS = {
    DISTRIBUTION: (
        "**Model distribution**: the selector's probabilities for every block and level (the paper's Fig. 3). Images "
        "are near when the selector wants the same parts of the network for them. Distance is l2, 0 is equal, "
        "{largest:.1f} as far as possible."
    ),
    STRUCTURE: (
        "**Chosen structure**: only the levels that were really run. Distance is the number of the {blocks} blocks "
        "that run at another level. Many images share one structure, so ties are the rule."
    ),
    FEATURES: (
        "**Estimator features**: what the last block hands to the classifier. Images are near when they look alike to "
        "the network that answers; the selector only set how much of it ran, so this is the contrast. Distance is l2, "
        "without an upper end."
    ),
}
EARLY = {
    DISTRIBUTION: " The selector gives them for images that it answers early as well.",
    STRUCTURE: " Of an image that was answered early, the structure that would have run is compared.",
    FEATURES: " Of an image that was answered early, the features that would have come out are compared.",
}
"What a space is of images that were answered early."


@st.fragment
def show(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str]) -> None:
    """Pick a query; see its neighbours in one of the spaces, and what the spaces have in common."""
    state.forget_unless(state.TASK, tasks)
    with widgets.errors_shown():
        task = widgets.choice("Task of the query", tasks, titles, key=state.TASK)
        if not len(cache.gallery(checkpoint, task)):
            st.info("The gallery of this task holds no images.", icon=":material/info:")
            return
        row = query.choose(checkpoint, task)
        known = one_image.spaces(checkpoint)
        state.forget_unless(state.SPACE, known)
        space = widgets.choice("Alike by", known, SPACES, key=state.SPACE)
        if FEATURES not in known:
            st.caption(
                "These galleries were written without the estimator's features; `den index "
                f"{checkpoint.folder}` adds them as a third way to compare."
            )
        left, right = st.columns([2, 5], gap="medium")
        with left:
            st.markdown("**Query**")
            query.describe(checkpoint, task, row)
        with right:
            _neighbours(checkpoint, task, row, space)
        _how_searched(checkpoint, tasks, titles, space)
        spaces_compared.show(checkpoint, task, titles[task], row, known, K)


def _neighbours(checkpoint: cache.Checkpoint, task: str, row: int, space: str) -> None:
    """What near means in this space, and the images."""
    found = one_image.neighbours_of_row(checkpoint, task, row, space, K)
    blocks = cache.gallery(checkpoint, task).num_blocks
    largest = one_image.largest_distance(checkpoint, task)
    early = any(part.early.any() for part in cache.galleries(checkpoint).values())
    st.markdown(MEANINGS[space].format(largest=largest, blocks=blocks) + (EARLY[space] if early else ""))
    unit = f"of {blocks} blocks" if space == STRUCTURE else ""
    neighbour_grids(checkpoint, found, f"near-{space}", unit)


def _how_searched(checkpoint: cache.Checkpoint, tasks: list[str], titles: dict[str, str], space: str) -> None:
    """Among how many images, and how to read the grids."""
    sizes = ", ".join(f"{len(cache.gallery(checkpoint, name)):,} {widgets.literal(titles[name])}" for name in tasks)
    exact = all(index.exact for index in one_image.indexes(checkpoint, space).values())
    st.caption(
        f"The {K} nearest of every task; {'exact' if exact else 'approximate'} search over {sizes} test images, "
        "the query itself left out. Below each image: class, ✓ or ✗ for a right or wrong answer, and the distance; "
        "the strip is its structure. Click an image to inspect it."
    )
