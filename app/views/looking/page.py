"""Does looking at the image pay? The choice for the single image against controls at equal cost, and image by image."""

from __future__ import annotations

import streamlit as st

from app import cache, pages, widgets
from app.cache import whole_network
from app.views.looking import choice as looking_choice
from app.views.looking import curves as looking_curves
from app.views.looking import images, trainings, verdict


def measured(checkpoint: cache.Checkpoint) -> None:
    """What the metrics say, or which command measures it."""
    points = whole_network.points(checkpoint)
    if points is None:
        widgets.say_not_evaluated(checkpoint)
        return
    table, curves = whole_network.differences(checkpoint), whole_network.cost_curves(checkpoint)
    choice = whole_network.concentration(checkpoint)
    verdict.show(checkpoint, points, table)
    if table["low"].isna().any() or curves.empty or choice.empty:
        st.info(
            "The metrics of this network lack intervals, or the controls at every cost weight; run "
            f"`den evaluate {checkpoint.folder} --write`, then reload this page.",
            icon=":material/info:",
        )
    if len(curves):
        looking_curves.show(checkpoint, points, curves)
    trainings.show(checkpoint)
    if len(choice):
        looking_choice.show(checkpoint, points, choice)


st.title(pages.PAGES["looking"].question)
st.markdown(
    "Choosing a structure per image must beat what costs as much and looks at no image: the same structures permuted "
    "among the images, and the best static structure per task. Does it?"
)
with widgets.errors_shown():
    checkpoint = widgets.checkpoint()
    cache.info(checkpoint)
    with widgets.errors_shown():
        measured(checkpoint)
    images.show(checkpoint)
