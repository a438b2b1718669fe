"""Entry point of the app: `streamlit run app/main.py`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import pages, widgets

# A picture of our own: a Material icon here would be fetched from another server.
ICON = Path(__file__).parent / "icon.png"
st.set_page_config(page_title="Deep elastic networks", page_icon=ICON, layout="wide")

page = st.navigation(
    {
        section: [
            st.Page(
                page.path,
                title=page.title,
                icon=f":material/{page.icon}:",
                url_path=page.name,
                default=page.name == pages.HOME,
            )
            for page in specs
        ]
        for section, specs in pages.sections().items()
    },
    expanded=True,  # from 13 pages on, Streamlit would fold the last ones away
)

with st.sidebar:
    widgets.checkpoint_picker()
    widgets.image_format_picker()

with widgets.missing_pictures_said():
    page.run()
