"""Charts: data frames in, figures out."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app import charts

FRAME = pd.DataFrame([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])


def test_no_streamlit_in_charts_and_no_streamlit_or_plotly_in_the_library():
    repository = Path(__file__).resolve().parents[2]
    files = {repository / "app" / "charts.py": {"streamlit"}}
    files |= {file: {"streamlit", "plotly"} for file in (repository / "den_core").rglob("*.py")}
    for file, forbidden in files.items():
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & forbidden, file


def test_distribution_map_outlines_the_chosen_cells_on_a_fixed_scale():
    figure = charts.distribution_map(FRAME, [1, 0, 1])
    np.testing.assert_array_equal(figure.data[0].z, FRAME.to_numpy().T)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    centres = [((shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2) for shape in figure.layout.shapes]
    assert centres == [(0, 1), (1, 0), (2, 1)]


def test_every_cell_can_be_selected_through_an_invisible_marker():
    markers = charts.distribution_map(FRAME, [0, 0, 0]).data[1]
    assert markers.marker.opacity == 0
    cells = sorted((block, level, value) for block, level, value in markers.customdata)
    assert cells == [(b, level, FRAME.iat[b, level]) for b in range(3) for level in range(2)]
    assert markers.hoverinfo != "skip", "a trace that is skipped gets no clicks either"


def test_usage_maps_share_one_scale_and_name_every_task():
    figure = charts.usage_maps({"One": FRAME, "Two": FRAME, "Three": FRAME}, "Mean probability")
    assert [note.text for note in figure.layout.annotations] == ["One", "Two", "Three"]
    assert {trace.coloraxis for trace in figure.data if trace.type == "heatmap"} == {"coloraxis"}
    assert len(figure.data) == 6


def test_difference_map_is_centred_on_zero():
    axis = charts.difference_map(FRAME - 0.3, "One", "Two").layout.coloraxis
    assert axis.cmin == -axis.cmax
    assert axis.cmax == pytest.approx(0.6)


def test_a_difference_of_nothing_still_has_a_scale():
    assert charts.difference_map(FRAME * 0, "One", "Two").layout.coloraxis.cmax > 0


def test_histogram_keeps_the_order_and_puts_the_tail_last():
    counts = pd.DataFrame({"One": [5, 3, 9], "Two": [1, 0, 2]}, index=["11", "01", "40 more structures"])
    figure = charts.chosen_histogram(
        counts, np.array([[1, 1], [0, 1]]), 2, {"One": "#000000", "Two": "#FFFFFF"}, total=20
    )
    heat, first, second = figure.data
    assert list(heat.y) == list(first.y) == list(counts.index)
    assert list(first.x) == [5, 3, 9]
    assert second.marker.color == "#FFFFFF"
    assert np.isnan(np.asarray(heat.z, dtype=float)[2]).all()


def test_trade_off_joins_only_points_of_one_network_and_fixed_levels():
    points = pd.DataFrame(
        {
            "method": ["full", "cost_weight", "cost_weight", "level", "chosen"],
            "parameter": [np.nan, 0.1, 0.2, 1, np.nan],
            "accuracy": [0.9, 0.8, 0.7, 0.5, 0.75],
            "mean_macs": [9e6, 4e6, 2e6, 1e6, 3e6],
        }
    )
    figure = charts.trade_off(points, "Accuracy")
    modes = {trace.name: trace.mode for trace in figure.data}
    assert modes["This network, cost weight varied"] == "lines+markers"
    assert modes["Full network"] == "markers"
    curve = next(trace for trace in figure.data if trace.name == "This network, cost weight varied")
    assert list(curve.x) == [2.0, 4.0], "millions of MACs, cheapest first"
    assert "millions" in figure.layout.xaxis.title.text


def test_tasks_have_different_colors_and_levels_rise_in_lightness():
    colors = charts.task_colors(["a", "b", "c", "d", "e", "f", "g"])
    assert len(set(colors.values())) == 7
    lightness = [
        sum(w * float(v) for w, v in zip((0.3, 0.6, 0.1), c[4:-1].split(","), strict=True))
        for c in charts.level_colors(4)
    ]
    assert lightness == sorted(lightness)


def test_names_are_shown_literally():
    figure = charts.usage_maps({"<b>bold</b> & co": FRAME}, "Mean probability")
    assert figure.layout.annotations[0].text == "&lt;b&gt;bold&lt;/b&gt; &amp; co"
