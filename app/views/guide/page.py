"""The two-minute tour: what a deep elastic network does, in six steps with the real network and real images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from app import cache, pages, state, widgets
from app.views.guide import costs, many_images, one_block, two_images, where_to_go, worth


class Step(NamedTuple):
    """One step of the tour.

    Args:
        needs_gallery: whether it shows test images.
        page: that shows it in full, by its name.
        link: text of the link there.
    """

    title: str
    show: Callable[[cache.Checkpoint], None]
    page: str
    link: str
    needs_gallery: bool = False


STEPS = (
    Step("One network, many sizes", one_block.show, "level_usage", "See every block of every task"),
    Step("Two images, two networks", two_images.show, "inspect_image", "Try an image of your own", True),
    Step("What it costs", costs.show, "hard_images", "See whether hard images get more", True),
    Step("Many images together", many_images.show, "chosen_models", "See all chosen structures", True),
    Step("What looking at the image is worth", worth.show, "trade_off", "See accuracy at every cost"),
    Step("Where to go now", where_to_go.show, pages.HOME, "Back to the overview"),
)


def go_to(step: int) -> None:
    """From a callback: show that step."""
    state.set_filters(**{state.STEP: step})


st.title(pages.PAGES["guide"].question)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    missing = not cache.tasks_with_gallery(checkpoint)
    place = st.pagination(len(STEPS), key=state.STEP, bind="query-params")
    step = STEPS[place - 1]
    st.subheader(f"{place}. {step.title}")
    indexed = False
    with widgets.errors_shown():
        # Read at the first step already: the others are there at once, and damage is reported before they need it.
        indexed = bool(cache.galleries(checkpoint))
    if missing:
        st.info(
            "Steps 2 to 4 show test images, and this network is not indexed yet: `den index "
            f"{checkpoint.folder}` writes its galleries.",
            icon=":material/info:",
        )
    if indexed or not step.needs_gallery:
        with widgets.errors_shown():
            step.show(checkpoint)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", on_click=go_to, args=(place - 1,), disabled=place == 1, icon=":material/arrow_back:")
        last = place == len(STEPS)
        st.button(
            "Next", on_click=go_to, args=(place + 1,), disabled=last, type="primary", icon=":material/arrow_forward:"
        )
        page = pages.PAGES[step.page]
        st.page_link(page.path, label=step.link, icon=f":material/{page.icon}:")
