"""Landing page: which network is loaded, what it achieves, how to read the rest. Tables only, no chart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, state, widgets

st.title("Deep elastic networks")
st.markdown(
    "A deep elastic network looks at an image and chooses, **block by block, how much of itself to use** "
    "for it. A *structure* is that choice, written as one digit per block: 0 skips the block, the highest "
    "digit uses all of it. The pages on the left show the structure of any single image, and what the "
    "choices buy over whole test sets."
)


def results_table(points: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Accuracy and cost of the trained network beside the full network and random structures, by task."""
    by_method = {
        method: part.set_index("task") for method, part in points.groupby("method") if method != "level"
    }
    chosen, full = by_method["chosen"], by_method["full"]
    rows = []
    for task in chosen.index:
        row = {
            "Task": titles.get(task, "Average"),
            "Test images": "" if pd.isna(chosen["images"][task]) else f"{int(chosen['images'][task]):,}",
            "Accuracy": widgets.percent(chosen["accuracy"][task]),
            "Class average": widgets.percent(chosen["class_accuracy"][task]),
            "Full network": widgets.percent(full["accuracy"][task]),
        }
        if "random" in by_method:
            row["Random structures"] = widgets.percent(by_method["random"]["accuracy"][task])
        row["MACs per image"] = widgets.millions(chosen["mean_macs"][task])
        row["of full"] = widgets.percent(chosen["mean_macs"][task] / full["mean_macs"][task], 0)
        rows.append(row)
    return pd.DataFrame(rows).set_index("Task")


def provenance_table(checkpoint: cache.Checkpoint) -> pd.DataFrame:
    """Where the checkpoint comes from, as far as its config says."""
    info = cache.info(checkpoint)
    facts = {"folder": widgets.folder_for_people(checkpoint), "recipe": info.recipe.get("name", "")}
    plain = {
        key: value for key, value in info.provenance.items() if isinstance(value, (str, int, float, bool))
    }
    return pd.DataFrame({"": {key.replace("_", " "): str(value) for key, value in (facts | plain).items()}})


with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    with st.spinner("Reading the checkpoint …"):
        info = cache.info(checkpoint)
        points = cache.points(checkpoint)
    titles = widgets.task_titles(checkpoint)
    backbone = info.network.backbone

    st.subheader("What this network achieves")
    st.caption(
        f"Backbone {widgets.literal(backbone.name)}, {backbone.num_levels} levels per block: shares "
        f"{', '.join(f'{fraction:g}' for fraction in backbone.level_fractions)} of a block's hidden "
        f"channels. Tasks: {', '.join(widgets.literal(title) for title in titles.values())}."
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
            "Measured on the whole test split of every task. MACs (multiply-accumulates; FLOPs = 2 × "
            "MACs) are means per image and include the selector; the full network runs without one. "
            "Random structures cost the same."
        )

    left, right = st.columns(2)
    with left:
        st.subheader("Where to start")
        for page, label, icon in (
            (state.INSPECT_PAGE, "Inspect an image of your own", "image_search"),
            (state.SIMILAR_PAGE, "See which images share a structure", "compare"),
            (state.TRADE_OFF_PAGE, "See what fewer MACs cost in accuracy", "trending_up"),
        ):
            st.page_link(page, label=label, icon=f":material/{icon}:")
    with right, st.expander("Where this checkpoint comes from"):
        st.table(provenance_table(checkpoint))
