"""Figures of the page Does looking pay?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.views.looking import charts
from den_core.methods import METHODS

TITLES = {"one": "One & <b>", "average": "Average"}
TABLE = pd.DataFrame(
    [
        ["gain", "one", 0.02, 0.01, 0.04],
        ["gain", "average", 0.01, -0.01, 0.03],
        ["lead", "one", -0.02, -0.03, -0.01],
        ["lead", "average", 0.03, np.nan, np.nan],
    ],
    columns=["kind", "task", "value", "low", "high"],
)
CURVES = pd.DataFrame(
    {
        "cost_weight": [3.0, 0.0, -3.0],
        "own": [0.6, 0.7, 0.72],
        "permuted": [0.58, 0.69, 0.71],
        "static": [0.61, 0.68, 0.7],
        "mean_macs": [2e6, 4e6, 8e6],
        "static_macs": [1.9e6, 3.9e6, 7e6],
        "share": [0.2, 0.4, 0.8],
        "gain": [0.02, 0.01, 0.01],
        "gain_low": [0.01, 0.0, -0.01],
        "gain_high": [0.03, 0.02, 0.02],
        "lead": [-0.01, 0.02, 0.02],
        "lead_low": [-0.02, 0.01, 0.0],
        "lead_high": [0.0, 0.03, 0.04],
    }
)
POINTS = pd.DataFrame(
    {"method": ["chosen", "full", "baseline"], "accuracy": [0.7, 0.73, 0.74], "mean_macs": [4e6, 1e7, 1e7]}
)


def _trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_differences_are_in_points_with_their_intervals():
    gain = charts.differences(TABLE, TITLES).data[0]
    np.testing.assert_allclose(gain.x, [2, 1])
    np.testing.assert_allclose(gain.error_x.array, [2, 2])
    np.testing.assert_allclose(gain.error_x.arrayminus, [1, 2])


def test_only_a_dot_whose_interval_leaves_out_zero_is_filled():
    figure = charts.differences(TABLE, TITLES)
    assert list(figure.data[0].marker.symbol) == ["circle", "circle-open"]
    assert list(figure.data[1].marker.symbol) == ["diamond", "diamond-open"]
    assert [trace.marker.symbol for trace in figure.data if trace.showlegend is None] == ["circle", "diamond"]
    assert "interval" in figure.data[1].hovertext[0] and "interval" not in figure.data[1].hovertext[1]


def test_both_kinds_stand_in_the_row_of_their_task_and_names_are_literal():
    figure = charts.differences(TABLE, TITLES)
    assert all(round(y) == row for trace in figure.data[:2] for row, y in enumerate(trace.y))
    assert figure.data[0].y[0] < figure.data[1].y[0]
    assert figure.layout.yaxis.ticktext[0] == "One &amp; &lt;b&gt;"
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 0


def test_a_twin_is_a_third_mark_between_its_task_and_the_next():
    twin = TABLE[TABLE["kind"] == "gain"].assign(kind="twin")
    figure = charts.differences(pd.concat([TABLE, twin]), TITLES)
    gain, lead, third = figure.data[:3]
    assert third.name == "over its twin that never looks"
    assert list(third.marker.symbol) == ["triangle-down", "triangle-down-open"]
    assert gain.y[0] < lead.y[0] == 0 < third.y[0] < 0.5 and gain.y[1] > third.y[0]
    assert figure.layout.height > charts.differences(TABLE, TITLES).layout.height


def test_the_twin_is_a_point_without_a_level():
    twin = pd.DataFrame({"method": ["twin"], "accuracy": [0.69], "mean_macs": [4e6]})
    figure = charts.accuracy_curves(CURVES, pd.concat([POINTS, twin]))
    found = _trace(figure, METHODS["twin"].name)
    assert (list(found.x), list(found.y)) == ([4], [0.69])
    assert len(figure.layout.shapes) == 2


def test_one_kind_alone_is_drawn_in_the_middle_of_its_row():
    figure = charts.differences(TABLE[TABLE["kind"] == "gain"], TITLES)
    assert list(figure.data[0].y) == [0, 1]
    assert len(figure.data) == 2, "the dots and their legend"


def test_curves_are_in_millions_of_their_own_macs_and_the_own_choice_is_marked():
    figure = charts.accuracy_curves(CURVES, POINTS.head(1))
    assert list(_trace(figure, METHODS["cost_weight"].name).x) == [2, 4, 8]
    assert list(_trace(figure, METHODS["static"].name).x) == [1.9, 3.9, 7]
    star = _trace(figure, METHODS["chosen"].name)
    assert (list(star.x), list(star.y), star.marker.symbol) == ([4], [0.7], "star")
    assert not figure.layout.shapes


def test_what_makes_no_choice_is_a_point_and_a_level_where_measured():
    figure = charts.accuracy_curves(CURVES, POINTS)
    assert list(_trace(figure, METHODS["baseline"].name).y) == [0.74]
    assert [shape.y0 for shape in figure.layout.shapes] == [0.73, 0.74]


def test_bands_go_along_the_upper_ends_and_back_along_the_lower_ones():
    figure = charts.difference_curves(CURVES)
    band, line = figure.data[:2]
    assert list(band.x) == [0.2, 0.4, 0.8, 0.8, 0.4, 0.2]
    np.testing.assert_allclose(band.y, [3, 2, 2, -1, 0, 1])
    np.testing.assert_allclose(line.y, [2, 1, 1])
    assert list(line.marker.symbol) == ["circle", "star", "circle"]
    assert len({trace.yaxis for trace in figure.data}) == 2


def test_every_rho_is_named_at_its_point():
    sweep = pd.DataFrame({"rho": [0.1, 1], "accuracy": [0.7, 0.6], "share": [0.6, 0.3], "distinct_per_600": [30, 40]})
    (trace,) = charts.rho_sweep(sweep).data
    assert list(trace.text) == ["ρ = 0.1", "ρ = 1"]
    assert list(trace.x) == [0.6, 0.3]


@pytest.mark.parametrize("start", [-0.04, 0.0])
def test_the_histogram_tells_worse_from_better_without_colour_too(start):
    starts = start + np.array([0, 0.02])
    bins = pd.DataFrame({"start": starts, "end": starts + 0.02, "images": [5, 3]})
    worse, better = charts.benefit_histogram(bins).data
    assert (len(worse.x), len(better.x)) == ((2, 0) if start < 0 else (0, 2))
    assert worse.marker.pattern.shape != better.marker.pattern.shape


def test_a_bar_of_one_image_has_a_height():
    bins = pd.DataFrame({"start": [0.0], "end": [0.02], "images": [1]})
    low, high = charts.benefit_histogram(bins).layout.yaxis.range
    assert low < 0 < high, "log10 of 1 is 0"
