"""The course of training: curves over the images seen, the turns of Algorithm 1, and the recipe."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cache, pages, widgets
from app.cache import whole_network
from app.style import task_colors
from app.views.training import charts

SMALL = 40
"Characters; a longer value in the recipe is a list of names, not a setting."


def settings(recipe: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every setting of a recipe as (dotted name, value); lists that are longer than a line are left out."""
    rows = []
    for name, value in recipe.items():
        if isinstance(value, dict):
            rows += settings(value, f"{prefix}{name}.")
        elif not isinstance(value, list) or len(str(value)) <= SMALL:
            rows.append((prefix + name, str(value)))
    return rows


def turns_table(checkpoint: cache.Checkpoint) -> pd.DataFrame:
    """The turns of the two networks, with their share of the images and of the time."""
    turns = whole_network.turns(checkpoint)
    return pd.DataFrame(
        {
            "Round": [turn.round for turn in turns],
            "Network that learns": [turn.network for turn in turns],
            "Images seen before": [turn.start for turn in turns],
            "Images seen": [turn.end - turn.start for turn in turns],
            "Minutes": [turn.seconds / 60 for turn in turns],
        }
    )


def show_numbers(history: pd.DataFrame) -> None:
    """The end of the run in numbers."""
    last = history.iloc[-1]
    values = [
        ("Wall time", f"{last['seconds'] / 60:.0f} min", "From the first step to the last row of the history."),
        ("Steps", f"{int(last['step']):,}", "Updates of the weights, of both networks together."),
        ("Images seen", f"{int(last['images_seen']):,}", "Training images, repetitions counted."),
    ]
    if "validation_accuracy" in history:
        meaning = "Mean over tasks, at the end, on images held out of the training data."
        values.append(("Validation accuracy", widgets.percent(last["validation_accuracy"]), meaning))
    if "validation_mean_macs" in history:
        meaning = "Per image, at the end, on the validation images; the selector included."
        values.append(("Validation MACs", widgets.millions(last["validation_mean_macs"]), meaning))
    widgets.metric_row(values)


def show_curves(checkpoint: cache.Checkpoint, history: pd.DataFrame) -> None:
    """The curves, and the turns below them."""
    titles = widgets.task_titles(checkpoint)
    by_task = whole_network.validation_by_task(checkpoint).rename(columns=titles)
    colors = dict(zip(titles.values(), task_colors(list(titles)).values(), strict=True))
    widgets.chart(
        charts.training_curves(history, by_task, whole_network.turns(checkpoint), colors),
        key="training_curves",
        alt="Accuracy, loss, MACs per image and learning rate over the training images seen",
        data=history,
        name="history",
        caption="Training alternates (Algorithm 1 of the paper): in a **blue** band the estimator, the network that "
        "answers, learns under structures that are drawn at random or chosen; in an **orange** band the selector "
        "learns which structure to choose. The two minimise different losses, so these are not joined. Validation "
        "images are held out of the training data; test images play no part here. MACs fall when the selector begins "
        "to choose: before that, validation runs the full model.",
    )
    widgets.table(
        turns_table(checkpoint),
        name="turns",
        key="turns",
        column_config={
            "Minutes": st.column_config.NumberColumn(format="%.1f"),
            "Images seen": st.column_config.NumberColumn(format="localized"),
            "Images seen before": st.column_config.NumberColumn(format="localized"),
        },
        caption="The turns of the two networks, in their order.",
    )


def show_recipe(recipe: dict[str, Any]) -> None:
    """All settings, for those who want to train such a network themselves."""
    st.subheader("Recipe")
    if not recipe:
        st.info("This checkpoint does not say with which settings it was trained.", icon=":material/info:")
        return
    st.markdown(
        f"**{widgets.literal(str(recipe.get('name', 'unnamed')))}** – {widgets.literal(str(recipe.get('description')))}"
    )
    if recipe.get("name"):
        st.code(f"den train {recipe['name']} --out runs/mine", language="bash")
    chosen = {key: value for key, value in recipe.items() if key in ("training", "seed", "data_seed")}
    chosen |= {"selector_network": (recipe.get("network") or {}).get("selector") or {}}
    frame = pd.DataFrame(settings(chosen), columns=["Setting", "Value"])
    with st.expander(f"All {len(frame)} settings"):
        widgets.table(frame, name="recipe", key="recipe", height="content")


st.title(pages.PAGES["training"].question)
st.markdown("From the first image to the last: what the two networks learned, when, and with which settings.")
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    with widgets.errors_shown():
        history = cache.history(checkpoint)
        if history.columns.empty:
            st.info(
                "This checkpoint has no `history.csv`: `den train` writes one beside the weights; copy "
                f"it to `{checkpoint.folder}`.",
                icon=":material/info:",
            )
        elif not whole_network.turns(checkpoint):
            st.info("The history has no row yet: the run has only begun.", icon=":material/info:")
        else:
            show_numbers(history)
            if len(history) == 1:
                st.info("The history has one row only: there is a point, and no curve yet.", icon=":material/info:")
            show_curves(checkpoint, history)
    show_recipe(cache.info(checkpoint).recipe)
