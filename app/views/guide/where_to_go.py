"""Where to go after the tour."""

from __future__ import annotations

import streamlit as st

from app import cache, pages


def show(checkpoint: cache.Checkpoint) -> None:
    """Links to the other pages, with the question that each answers."""
    st.markdown("That was the idea. Each page of this app answers one question:")
    for page in pages.PAGES.values():
        if page.name not in ("guide", pages.HOME):
            st.page_link(page.path, label=f"**{page.title}** – {page.question}", icon=f":material/{page.icon}:")
    with st.expander("Words that come up everywhere"):
        st.markdown(
            "- **Block, level**: a part of the network, and how much of it runs.\n"
            "- **Structure**: one level per block, written as digits, block 0 first.\n"
            "- **Selector, estimator**: the network that chooses, the network that answers.\n"
            "- **Model distribution**: for each block, how much the selector favours each level; the highest wins.\n"
            "- **MACs**: multiply-accumulates, the work for one image.\n"
            "- **Cost weight**: how much saved work counts in the choice, set without new training."
        )
