"""Which structures are chosen over the test sets (the paper's Fig. 6a), and the most chosen ones (Fig. 7)."""

from __future__ import annotations

import streamlit as st

from app import cache, charts, state, widgets

TOP = 15
CARDS = 3
EXAMPLES = 6


def summary(models, covering: int) -> None:
    """How varied the choices are, in four numbers."""
    for column, (label, value, help) in zip(
        st.columns(4),
        (
            ("Images", f"{models.images:,}", "Test images counted."),
            ("Different structures", f"{models.distinct:,}", "At least one image chose each of them."),
            (
                "Effective number",
                f"{models.effective:.1f}",
                "exp of the entropy: as varied as that many equally used ones.",
            ),
            ("Serve 80 % of images", f"{covering:,}", "The fewest structures that together do."),
        ),
        strict=True,
    ):
        column.metric(label, value, help=help, border=True)


def histogram(checkpoint: cache.Checkpoint, scope: str, titles: dict[str, str], models) -> None:
    """The ranking with its long tail, coloured by task."""
    colors = charts.task_colors(list(titles))
    counts = cache.chosen_by_task(checkpoint, scope, TOP)
    tail = f"{models.other_structures:,} more structures" if models.other_structures else ""
    levels = cache.structure_levels(tuple(models.top["structure"]))
    figure = charts.chosen_histogram(
        counts.rename(columns=titles, index={cache.TAIL: tail}),
        levels,
        cache.info(checkpoint).network.backbone.num_levels,
        {titles[task]: colors[task] for task in counts.columns},
        models.images,
    )
    widgets.chart(
        figure, key="chosen_histogram", alt="The most chosen structures and how many images chose each"
    )
    st.caption(
        f"The {len(models.top)} most chosen of {models.distinct:,} structures; n = {models.images:,} test "
        "images. Left: the level of every block. Right: how many images chose it."
        + (f" The last bar counts all {models.other_structures:,} others together." if tail else "")
    )


def card(checkpoint: cache.Checkpoint, task: str, entry, images: int) -> None:
    """One structure: its key, its share, its price, images that chose it."""
    with st.container(border=True):
        st.markdown(
            f"**{entry.rank}.** `{entry.structure}` · **{widgets.percent(entry.share)}** of {images:,} "
            f"images · {widgets.percent(entry.accuracy)} correct · {widgets.millions(entry.macs)} MACs"
        )
        classes = cache.info(checkpoint).network.task(task).class_names
        labels = cache.gallery(checkpoint, task)["label"].to_numpy()
        captions = [widgets.literal(classes[labels[row]]) for row in entry.rows]
        widgets.picture_row(checkpoint, task, entry.rows, captions)


st.title("Chosen models")
st.markdown("Every image chooses one of many structures. Which ones are really in use, and for what?")
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    tasks = widgets.indexed_tasks(checkpoint)
    titles = widgets.task_titles(checkpoint)
    options = [cache.ALL_TASKS, *tasks] if len(tasks) > 1 else tasks
    scope = widgets.choice(
        "Test images of", options, titles | {cache.ALL_TASKS: "All tasks"}, key=state.SCOPE
    )
    with st.spinner("Counting structures …"):
        models, covering = cache.chosen(checkpoint, scope, TOP)
    summary(models, covering)
    histogram(checkpoint, scope, titles, models)

    st.subheader("The most chosen structures of each task")
    for task in tasks if scope == cache.ALL_TASKS else [scope]:
        st.markdown(f"##### {widgets.literal(titles[task])}")
        images = len(cache.gallery(checkpoint, task))
        for entry in cache.most_chosen_cards(checkpoint, task, CARDS, EXAMPLES).itertuples():
            card(checkpoint, task, entry, images)
    st.caption("Examples: a random sample (seed 0) of the images that chose it. MACs include the selector.")
