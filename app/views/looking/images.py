"""For which images does the choice matter? Every image's own structure against those of other images."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.cache import test_sets, whole_network
from app.views.looking import charts
from den_core.analysis import benefit as analysis

PER_PAGE = 12


@st.fragment
def show(checkpoint: cache.Checkpoint) -> None:
    """The images of one task: numbers, histogram, and the images that the choice helped and hurt most."""
    st.subheader("For which images does the choice matter?")
    tasks, titles = widgets.indexed_tasks(checkpoint), widgets.task_titles(checkpoint)
    with widgets.errors_shown():
        state.forget_unless(state.TASK, tasks)
        task = widgets.choice("Test images of", tasks, titles, key=state.TASK)
        where = widgets.slice_filters(checkpoint, [task], fields=("class",))
        gallery = cache.gallery(checkpoint, task)
        if not gallery.tried:
            st.info(
                "What other structures would have done for an image is not known here: the test images were not run "
                f"through them. Index them again with `den index {checkpoint.folder}`, then reload this "
                "page.",
                icon=":material/info:",
            )
            return
        rows, found = test_sets.rows(checkpoint, task, where), whole_network.benefit(checkpoint, task)
        if not rows.any():
            st.info("No image is in this selection.", icon=":material/filter_alt_off:")
        elif not found.known[rows].any():
            st.info(
                "Nothing to compare: no other image of the task gets another structure that was tried on all images.",
                icon=":material/info:",
            )
        else:
            _numbers(found, rows, gallery.split, bool(gallery.early.any()))
            _histogram(found, rows)
            _images(checkpoint, task, found, rows)


def _numbers(found: analysis.Benefit, rows: np.ndarray, split: str, early: bool) -> None:
    """The benefit in numbers, and what it is.

    Args:
        early: whether some images of the task are answered early.
    """
    total = analysis.summary(found, rows)
    widgets.metric_row(
        [
            ("Images", f"{total.images:,}", f"Of the {split} split, whose own structure can be compared with others."),
            (
                "Mean benefit",
                f"{100 * total.mean:+.2f}",
                "Probability of the true class under the own structure minus that under the others, in percentage "
                f"points; 95 % interval {100 * total.low:+.2f} to {100 * total.high:+.2f}.",
            ),
            (
                "Helped",
                f"{total.helped:,}",
                f"Images that are right, though more than half of the others are wrong: "
                f"{widgets.percent(total.helped / total.images, 2)} of them.",
            ),
            (
                "Hurt",
                f"{total.hurt:,}",
                f"Images that are wrong, though more than half of the others are right: "
                f"{widgets.percent(total.hurt / total.images, 2)} of them.",
            ),
        ]
    )
    st.caption(
        "**Benefit**: probability of the true class under the image's own structure minus its weighted mean under "
        f"**the others**. These are those of the {found.structures} structures that the network really chooses here "
        "and that all images were also run through, without the image's own, weighted by how many images chose them. "
        f"They cover {widgets.percent(found.covered)} of the task's choices. Permuting may give an image its own "
        "structure again; here it is left out, so the differences are larger than those above."
        + (
            " Of an image that was answered early, that answer stands for the own structure; early answers of other "
            "images are not among the others."
            if early
            else ""
        )
    )


def _histogram(found: analysis.Benefit, rows: np.ndarray) -> None:
    """How many images have how much benefit."""
    bins = analysis.benefit_bins(found, rows)
    widgets.chart(
        charts.benefit_histogram(bins),
        key="looking_benefit",
        alt="How many images have how much benefit from their own structure",
        data=bins,
        name="benefit",
        caption=f"n = {int(bins['images'].sum()):,} images. Right of 0 an image does better with its own structure, "
        "left of 0 it would do better with those of other images. The scale is logarithmic, because most images lie "
        "near 0: for them the choice hardly matters.",
    )


def _images(checkpoint: cache.Checkpoint, task: str, found: analysis.Benefit, rows: np.ndarray) -> None:
    """The images that the choice helped and hurt, each most first."""
    names = cache.classes(checkpoint)[task]
    captions = partial(widgets.captions_with, checkpoint, task, partial(_probabilities, found))
    frame = cache.gallery(checkpoint, task).frame
    for key, heading, positions in (
        ("looking_helped", "**Helped most**: right, others mostly wrong", analysis.most_helped(found, rows)),
        ("looking_hurt", "**Hurt most**: wrong, others mostly right", analysis.most_hurt(found, rows)),
    ):
        images = pd.DataFrame(
            {
                "task": task,
                "row": positions,
                "class_name": np.asarray(names, dtype=object)[frame["label"].to_numpy()[positions]],
                "structure": frame["structure"].to_numpy()[positions],
                "own_probability": found.own[positions],
                "others_probability": found.others[positions],
                "others_right": found.others_right[positions],
            }
        )
        widgets.image_grid(checkpoint, images, key=key, captions=captions, per_page=PER_PAGE, heading=heading)
    st.caption(
        "Below each picture: its class, ✓ or ✗ with the answer, and the probability of the true class under its own "
        "structure and, on average, under the others. The strip is its own structure. Click an image to try others."
    )


def _probabilities(found: analysis.Benefit, row: int) -> str:
    """Probability of an image's true class under its own structure and under the others, a line each."""
    return f"own {widgets.percent(found.own[row], 0)}\nothers {widgets.percent(found.others[row], 0)}"
