"""Landing page: which network is loaded, what it achieves, how to read the rest. Tables only, no chart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state, widgets

METHODS = {
    "chosen": "This network, as trained",
    "permuted": "Its structures shuffled among the images",
    "static": "Best single structure",
    "random": "Random structures",
    "full": "Full network",
}
"Rows of the table, by method of the operating point."


def results_table(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Accuracy by task and mean MACs, for the network and its controls."""
    columns = {**titles, cache.AVERAGE: "Average"}
    rows = {}
    for method, label in METHODS.items():
        part = points[points["method"] == method].set_index("task")
        if not part.empty:
            rows[label] = {title: widgets.percent(part["accuracy"][task]) for task, title in columns.items()}
            rows[label]["MACs per image"] = widgets.millions(part["mean_macs"][cache.AVERAGE])
    return pd.DataFrame.from_dict(rows, orient="index")


def sizes(points: pd.DataFrame, titles: dict[str, str]) -> str:
    """How many test images every accuracy rests on."""
    chosen = points[points["method"] == "chosen"].set_index("task")["images"]
    return ", ".join(f"{widgets.literal(title)} {int(chosen[task]):,}" for task, title in titles.items())


def provenance_table(checkpoint: cache.Checkpoint) -> pd.DataFrame:
    """Where the checkpoint comes from, as far as its config says."""
    info = cache.info(checkpoint)
    facts = {"folder": widgets.folder_for_people(checkpoint), "recipe": info.recipe.get("name", "")}
    plain = {
        key: value for key, value in info.provenance.items() if isinstance(value, (str, int, float, bool))
    }
    return pd.DataFrame({"": {key.replace("_", " "): str(value) for key, value in (facts | plain).items()}})


st.title("Deep elastic networks")
st.markdown(
    "A deep elastic network looks at an image and chooses, **block by block, how much of itself to use** "
    "for it. That choice is called a *structure* and written as one digit per block, the block's level: 0 "
    "uses least, the highest level uses the whole block. The pages on the left show the structure of any "
    "single image, and what the choices buy over whole test sets."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    with st.spinner("Reading the checkpoint …"):
        info = cache.info(checkpoint)
        points = cache.points(checkpoint)
    titles = widgets.task_titles(checkpoint)
    backbone = info.network.backbone

    st.subheader("What this network achieves")
    shares = ", ".join(f"{fraction:g}" for fraction in backbone.level_fractions)
    st.caption(
        f"Backbone {widgets.literal(backbone.name)}, shared by all tasks; levels 0 to "
        f"{backbone.num_levels - 1} use {shares} of a block's hidden channels."
    )
    if points is None:
        st.info(
            f"Not evaluated yet: `python -m den_core evaluate checkpoints/{checkpoint.name}` writes the "
            "numbers.",
            icon=":material/info:",
        )
    else:
        st.table(results_table(points, titles))
        st.caption(
            f"Accuracy on test images ({sizes(points, titles)}). MACs (multiply-accumulates; FLOPs = 2 × "
            "MACs) are means over images and tasks, and include the selector in the first two rows, where "
            "it runs. The three rows in the middle are controls at about the cost of the first."
        )

    st.subheader("Where to start")
    with st.container(horizontal=True):
        for page, label, icon in (
            (state.INSPECT_PAGE, "Inspect an image of your own", "image_search"),
            (state.SIMILAR_PAGE, "See which images share a structure", "compare"),
            (state.TRADE_OFF_PAGE, "See what fewer MACs cost", "trending_up"),
        ):
            st.page_link(page, label=label, icon=f":material/{icon}:")
    with st.expander("Where this checkpoint comes from"):
        st.table(provenance_table(checkpoint))
