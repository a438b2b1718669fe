"""Colours and texts that all figures share."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.style import cells, layout, level_colors, plain_text, task_colors

FRAME = pd.DataFrame([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])


def test_tasks_have_different_colors_and_levels_rise_in_lightness():
    colors = task_colors(["a", "b", "c", "d", "e", "f", "g"])
    assert len(set(colors.values())) == 7
    lightness = [
        sum(w * float(v) for w, v in zip((0.3, 0.6, 0.1), c[4:-1].split(","), strict=True)) for c in level_colors(4)
    ]
    assert lightness == sorted(lightness)


def test_a_task_keeps_its_color_whichever_tasks_follow():
    assert task_colors(["a", "b"])["a"] == task_colors(["a"])["a"]


def test_names_are_shown_literally():
    assert plain_text("<b>bold</b> & co") == "&lt;b&gt;bold&lt;/b&gt; &amp; co"


def test_every_cell_can_be_selected_through_an_invisible_marker():
    _, markers = cells(FRAME, "probability")
    assert markers.marker.opacity == 0
    points = sorted((block, level, value) for block, level, value in markers.customdata)
    assert points == [(b, level, FRAME.iat[b, level]) for b in range(3) for level in range(2)]
    assert markers.hoverinfo != "skip", "a trace that is skipped gets no clicks either"


def test_a_map_answers_anywhere_inside_and_bars_only_nearby():
    assert layout(go.Figure(cells(FRAME, "probability")[0]), 100).layout.hoverdistance == -1
    assert layout(go.Figure(go.Bar(x=[1], y=[2])), 100).layout.hoverdistance > 0
