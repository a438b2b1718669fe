"""Accuracy against MACs: this one network at many cost weights, beside the controls at equal MACs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import cache, pages, state, widgets
from app.cache import whole_network
from app.views.trade_off import cost_weight, operating_points, rivals, what_changes
from app.views.trade_off.operating_points import BY_CLASS, PLAIN

WEIGHTINGS = {PLAIN: "Every image counts the same", BY_CLASS: "Every class counts the same"}


@st.fragment
def weighted(checkpoint: cache.Checkpoint, points: pd.DataFrame, scope: str, accuracy: str) -> None:
    """The cost weight and everything that moves with it."""
    weight = cost_weight.slider(points)
    cost_weight.show_numbers(checkpoint, points, weight, accuracy)
    operating_points.show(points, scope, accuracy, weight)
    what_changes.show(checkpoint, points, weight, scope)


st.title(pages.PAGES["trade_off"].question)
st.markdown(
    "One network, many operating points: at another cost weight it spends less or more on every image, without new "
    "training. The controls show what other ways to pick structures reach with the same weights."
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    points = whole_network.points(checkpoint)
    if points is None:
        widgets.say_not_evaluated(checkpoint)
        st.stop()
    with st.container(horizontal=True, gap="medium"):
        scope = widgets.task_or_average("Test images of", checkpoint)
        accuracy = widgets.choice("Accuracy", list(WEIGHTINGS), WEIGHTINGS, key=state.AVERAGE_OVER)
    weighted(checkpoint, points, scope, accuracy)
    with st.expander("All operating points as a table"):
        operating_points.show_table(points, scope, accuracy)
    rivals.show()
