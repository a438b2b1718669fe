"""Entry point of the app: `streamlit run app/main.py`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import state, widgets

# A picture of our own: a Material icon here would be fetched from another server.
ICON = Path(__file__).parent / "icon.png"
st.set_page_config(page_title="Deep elastic networks", page_icon=ICON, layout="wide")

page = st.navigation(
    {
        "": [st.Page("views/overview.py", title="Overview", icon=":material/home:", default=True)],
        "One image": [
            st.Page(state.INSPECT_PAGE, title="Inspect an image", icon=":material/image_search:"),
            st.Page(state.SIMILAR_PAGE, title="Similar images", icon=":material/compare:"),
        ],
        "Whole test sets": [
            st.Page(state.USAGE_PAGE, title="Level usage", icon=":material/grid_on:"),
            st.Page(state.CHOSEN_PAGE, title="Chosen models", icon=":material/leaderboard:"),
            st.Page(state.TRADE_OFF_PAGE, title="Trade-off", icon=":material/trending_up:"),
        ],
    }
)

with st.sidebar:
    widgets.checkpoint_picker()

page.run()
