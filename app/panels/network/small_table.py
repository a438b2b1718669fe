"""A table of a few rows: drawn at once, where `widgets.table` would load a grid first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import widgets


def show_table(frame: pd.DataFrame, name: str) -> None:
    """The table and a button that saves it as CSV."""
    st.table(frame, hide_index=True)
    widgets.save_button(frame, name, f"{name}-data")
