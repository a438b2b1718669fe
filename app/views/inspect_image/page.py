"""One image: the structure that the network chooses for it, its answer, its cost, and what else could be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from app import cache, pages, state, widgets
from app.cache import one_image
from app.views.inspect_image import answers, bring, cost_weight, costs, path_editor, similar, stability
from app.views.inspect_image.subject import COSTS, PATH, SIMILAR, STABILITY, WEIGHT, Subject

if TYPE_CHECKING:
    from den_core.analysis.inspection import Inspection

ALL = "all"
COLUMNS = 3  # tasks side by side before a new line starts
TOOLS = {
    PATH: ("Path editor", path_editor.show),
    COSTS: ("Accuracy and cost", costs.show),
    WEIGHT: ("Cost weight", cost_weight.show),
    STABILITY: ("Stability", stability.show),
    SIMILAR: ("Similar images", similar.show),
}


@st.fragment
def closer(
    checkpoint: cache.Checkpoint,
    picture: bring.Picture,
    inspections: Mapping[str, Inspection],
    titles: dict[str, str],
) -> None:
    """One tool at a time; what is not shown is not computed."""
    st.subheader("Look closer")
    tools = [tool for tool in TOOLS if tool != SIMILAR or cache.tasks_with_gallery(checkpoint)]
    state.forget_unless(state.LOOK, tools)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # The task that the image comes from stands first: it is shown unless the visitor wants another.
        tasks = sorted(inspections, key=lambda name: name != picture.task)
        task = tasks[0]
        if len(tasks) > 1:
            state.forget_unless(state.NEAR, tasks)
            task = widgets.choice("At the image taken as", tasks, titles, key=state.NEAR)
        tool = widgets.choice("With", tools, {tool: TOOLS[tool][0] for tool in tools}, key=state.LOOK)
    with widgets.errors_shown():
        truth = bring.truth(checkpoint, picture, task)
        row = picture.row if picture.task == task else None
        TOOLS[tool][1](Subject(checkpoint, picture.data, task, titles[task], inspections[task], truth, row))


def result(checkpoint: cache.Checkpoint, titles: dict[str, str]) -> None:
    """The picture, what the network does with it, and a closer look."""
    picture = bring.picture(checkpoint)
    if picture is None:
        st.info("Upload or paste an image to see which network it gets.", icon=":material/upload:")
        return
    options = [ALL, *titles] if len(titles) > 1 else list(titles)
    state.forget_unless(state.VIEW, options)
    view = widgets.choice(
        "Treat it as an image of",
        options,
        titles | {ALL: "Every task, side by side"},
        key=state.VIEW,
        help="You choose the task; it is not guessed. Every task has its own classes, first layer and last layer.",
    )
    tasks = tuple(titles) if view == ALL else (view,)
    with st.spinner("Choosing a structure …"):
        preview, inspections = one_image.inspections(checkpoint, tasks, picture.data)
    truths = {task: bring.truth(checkpoint, picture, task) for task in tasks}
    known = "".join(f" – its true class is **{widgets.literal(name)}**" for name in truths.values() if name is not None)
    left, right = st.columns([1, 6], gap="medium", vertical_alignment="center")
    left.image(preview, width=one_image.PREVIEW, alt="The image that is inspected")
    with right.container(key="picture"):
        st.markdown(
            f"**{widgets.literal(picture.name)}**{known}  \nFor every block of the network, the selector looks at the "
            "image and decides how much of the block to run. In the maps, a column is a block and a row is a level "
            "(level 0 skips the block or most of it, the highest runs all of it), from dark (0 %) to bright (100 % "
            "probable). Outlined cells are the levels that are chosen for this image; the strip of colours shows them "
            "once more, bright for high levels."
        )
    for start in range(0, len(tasks), COLUMNS):
        line = tasks[start : start + COLUMNS]
        columns = dict(zip(line, st.columns(len(line), gap="medium"), strict=True))
        # The answers of all tasks first: they are waited for, and charts take their time in the browser.
        for task, column in columns.items():
            with column:
                answers.answer(titles[task], inspections[task], truths[task])
        for task, column in columns.items():
            with column:
                answers.reasons(inspections[task], compact=len(line) > 1)
    closer(checkpoint, picture, inspections, titles)


st.title(pages.PAGES["inspect_image"].question)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)
    bring.bring()
    # The samples stand above the result but are sent after it: a visitor who brings an image waits for that.
    samples = st.container()
    with widgets.errors_shown():
        result(checkpoint, titles)
    with samples:
        bring.sample_strip()
