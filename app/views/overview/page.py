"""Landing page: which network is loaded, what it achieves, where it comes from. No chart, no torch: it is fast."""

from __future__ import annotations

import streamlit as st

from app import cache, pages, widgets
from app.views.overview import provenance, results


def show_what_is_missing(checkpoint: cache.Checkpoint, titles: dict[str, str]) -> None:
    """A line for galleries that the pages of test sets need."""
    missing = [title for task, title in titles.items() if task not in cache.tasks_with_gallery(checkpoint)]
    if missing:
        st.info(
            f"No gallery of {widgets.literal(', '.join(missing))}: `den index "
            f"{checkpoint.folder}` writes what the pages about test sets show.",
            icon=":material/info:",
        )


st.title(pages.PAGES["overview"].question)
st.markdown(
    "A **deep elastic network** looks at an image and chooses, block by block, how much of itself to use for it. That "
    "choice is a *structure*, written as one digit per block: 0 uses least, the highest level uses the whole block."
)
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    st.markdown("**New here?** Six short steps with real images show what such a network does.", width="stretch")
    st.page_link(pages.PAGES["guide"].path, label="**Take the two-minute tour**", icon=":material/school:")

with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    titles = widgets.task_titles(checkpoint)

    st.subheader(f"Checkpoint {widgets.literal(checkpoint.name)}")
    with widgets.errors_shown():
        results.show(checkpoint)
    show_what_is_missing(checkpoint, titles)

    st.subheader("Where to go")
    with st.container(horizontal=True):
        for page in pages.PAGES.values():
            if page.name not in (pages.HOME, "guide"):
                st.page_link(page.path, label=page.question, icon=f":material/{page.icon}:")

    provenance.show(checkpoint)
