"""Figures of the pages about the whole network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app import style
from app.views.compare import charts
from app.views.guide import charts as tour
from app.views.map import charts as projection
from app.views.trade_off import charts as trade_off
from app.views.training import charts as history
from den_core.analysis.history import Turn
from den_core.methods import METHODS

POINTS = pd.DataFrame(
    {
        "method": ["full", "cost_weight", "cost_weight", "level", "chosen"],
        "parameter": [np.nan, 0.1, 0.2, 1, np.nan],
        "accuracy": [0.9, 0.8, 0.7, 0.5, 0.75],
        "mean_macs": [9e6, 4e6, 2e6, 1e6, 3e6],
    }
)


def _trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_trade_off_joins_only_points_of_one_network_and_fixed_levels():
    figure = trade_off.trade_off(POINTS, "Accuracy")
    modes = {trace.name: trace.mode for trace in figure.data}
    assert modes[METHODS["cost_weight"].name] == "lines+markers"
    assert modes[METHODS["full"].name] == "markers"
    assert list(_trace(figure, METHODS["cost_weight"].name).x) == [2.0, 4.0], "millions, cheapest first"
    assert "millions" in figure.layout.xaxis.title.text


def test_a_point_gives_its_weight_when_it_is_clicked():
    figure = trade_off.trade_off(POINTS, "Accuracy")
    assert list(_trace(figure, METHODS["cost_weight"].name).customdata) == [
        ["cost_weight", 0.2, "", ""],
        ["cost_weight", 0.1, "", ""],
    ]
    assert list(_trace(figure, METHODS["chosen"].name).customdata) == [["chosen", None, "", ""]]


def test_a_stop_of_the_dial_says_what_it_is_and_how_much_is_answered_early():
    row = {"method": "dial", "parameter": 0.25, "task": "average", "accuracy": 0.7, "mean_macs": 2e6}
    rows = pd.DataFrame([row | {"early": 0.4, "picked": "own choice at cost weight 3"}])

    trace = _trace(trade_off.trade_off(rows, "Accuracy"), METHODS["dial"].name)

    assert list(trace.customdata) == [["dial", 0.25, "<br>40% answered early", "own choice at cost weight 3"]]
    assert "within %{customdata[1]:.0%}" in trace.hovertemplate and trace.mode == "lines+markers"


@pytest.mark.parametrize(("weight", "x"), [(0.2, 2.0), (0.0, 3.0)])
def test_the_ring_is_at_the_cost_weight(weight, x):
    figure = trade_off.trade_off(POINTS, "Accuracy", weight=weight)
    assert list(_trace(figure, "The cost weight above").x) == [x]


def test_the_front_is_a_line_of_steps_below_the_points():
    figure = trade_off.trade_off(POINTS, "Accuracy", front=POINTS.iloc[[3, 2]])
    assert figure.data[0].line.shape == "hv"


def test_level_drift_has_a_bar_per_weight_and_frames_the_current_one():
    drift = pd.DataFrame(
        [
            {"weight": w, "level": level, "share": s, "early": 0.0}
            for w in (-1.0, 0.0, 2.0)
            for level, s in ((0, 0.25), (1, 0.75))
        ]
    )
    figure = trade_off.level_drift(drift, 2, weight=2.0)
    assert [list(trace.x) for trace in figure.data] == [["-1", "0", "2"]] * 2
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (1.54, 2.46)
    drift = drift.assign(share=drift["share"] * 0.8, early=0.2)
    assert list(trade_off.level_drift(drift, 2, weight=2.0).data[-1].y) == [0.2] * 3


def test_usage_change_is_centred_on_zero_even_where_nothing_changes():
    axis = trade_off.usage_change(pd.DataFrame(np.zeros((3, 2)))).layout.coloraxis
    assert axis.cmin == -axis.cmax < 0


IMAGES = pd.DataFrame(
    {
        "x": [0.0, 1, 2],
        "y": [0.0, 1, 0],
        "task": ["One", "Two & <b>", "One"],
        "correct": [True, False, True],
        "macs": [1e6, 2e6, 3e6],
        "confidence": [0.2, 0.5, 0.9],
        "label": ["cat", "<i>dog</i>", "cat"],
    }
)
COLORS = {"One": "#000000", "Two & <b>": "#FFFFFF"}


def _map(coloring, **options):
    return projection.image_map(IMAGES, coloring, COLORS, ("first", "second"), **options)


def test_a_map_by_task_counts_and_colours_every_task_the_largest_first():
    figure = _map("task")
    assert [trace.name for trace in figure.data] == ["One (2)", "Two &amp; &lt;b&gt; (1)"]
    assert [trace.marker.color for trace in figure.data] == ["#000000", "#FFFFFF"]
    assert list(figure.data[1].hovertext) == ["&lt;i&gt;dog&lt;/i&gt;"]


def test_right_and_wrong_differ_without_colour_too():
    figure = _map("correct")
    assert [trace.marker.symbol for trace in figure.data] == ["circle", "x"]
    assert [trace.name[0] for trace in figure.data] == ["✓", "✗"]


@pytest.mark.parametrize(("coloring", "values"), [("macs", [1, 2, 3]), ("confidence", [0.2, 0.5, 0.9])])
def test_numbers_get_a_scale_with_its_unit(coloring, values):
    (points,) = _map(coloring).data
    np.testing.assert_allclose(points.marker.color, values)
    assert points.marker.colorbar.title.text


def test_a_map_is_drawn_for_lassos_with_equal_units_and_the_outline_closed():
    figure = _map("task", outline=np.array([[0, 0], [1, 0], [1, 1]]))
    assert figure.layout.dragmode == "lasso"
    assert figure.layout.yaxis.scaleanchor == "x"
    assert list(figure.data[-1].x) == [0, 1, 1, 0]


HISTORY = pd.DataFrame(
    {
        "images_seen": [10, 20, 30],
        "loss": [2.0, 1.0, 0.5],
        "learning_rate": [0.1, 0.05, 0.001],
        "accuracy": [0.2, 0.4, 0.5],
        "validation_accuracy": [0.1, 0.3, 0.4],
        "validation_mean_macs": [4e6, 4e6, 2e6],
    }
)
BY_TASK = pd.DataFrame({"images_seen": [10, 20, 30], "One": [0.1, 0.2, 0.3]})
TURNS = [Turn("estimator", 0, 0, 20, 1.0), Turn("selector", 0, 20, 30, 1.0)]


def test_training_curves_have_a_band_per_turn_in_every_panel():
    figure = history.training_curves(HISTORY, BY_TASK, TURNS, {"One": "#000000"})
    bands = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert len(bands) == 2 * 4
    assert {(band.x0, band.x1) for band in bands} == {(0, 20), (20, 30)}


def test_losses_of_the_two_networks_are_not_joined():
    figure = history.training_curves(HISTORY, BY_TASK, TURNS, {"One": "#000000"})
    losses = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert [list(trace.x) for trace in losses] == [[10, 20], [30]]


def test_a_history_of_one_row_and_without_validation_is_drawn():
    row = HISTORY.head(1)[["images_seen", "loss", "learning_rate", "accuracy"]]
    figure = history.training_curves(row, row[["images_seen"]], TURNS[:1], {})
    assert len(figure.data) == 3


COUNTS = {"both": 5, "first": 3, "second": 1, "neither": 0}


def test_the_cells_of_the_table_are_where_their_titles_say():
    figure = charts.two_by_two(COUNTS, "second")
    cells = {
        point[0]: (x, y) for point, x, y in zip(*(figure.data[1][k] for k in ("customdata", "x", "y")), strict=True)
    }
    assert cells == {"both": (0, 0), "second": (1, 0), "first": (0, 1), "neither": (1, 1)}
    assert figure.data[0].z[0][1] == pytest.approx(1 / 9)
    frame = figure.layout.shapes[0]
    assert ((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) == (1, 0)


def test_no_image_at_all_is_a_table_of_zeros():
    assert not np.asarray(charts.two_by_two(dict.fromkeys(COUNTS, 0)).data[0].z).any()


def test_bars_tell_cheaper_from_more_expensive_and_know_their_edges():
    bins = pd.DataFrame({"low": [-2e6, 0, 0], "high": [0, 0, 2e6], "images": [1, 2, 3]})
    figure = charts.macs_histogram(bins, (0, 2e6))
    assert list(figure.data[0].x) == ["−2 to 0", "same", "0 to +2"]
    assert len(set(figure.data[0].marker.color)) == 3
    assert figure.data[0].customdata[0] == [-2e6, 0]
    assert figure.layout.shapes[0].x0 == 1.5


def test_an_arrow_goes_from_the_first_network_to_the_second():
    first = pd.DataFrame({"accuracy": [0.5], "mean_macs": [4e6]}, index=["One"])
    second = pd.DataFrame({"accuracy": [0.6], "mean_macs": [2e6]}, index=["One"])
    (arrow,) = charts.both_points(first, second, ("a", "<b>"), {"One": "#000000"}).data
    assert (list(arrow.x), list(arrow.y)) == ([4.0, 2.0], [0.5, 0.6])
    assert arrow.customdata[1] == ["&lt;b&gt;"]


def test_pairs_of_structures_share_rows_and_equal_labels_keep_their_rows_apart():
    levels = np.array([[0, 1], [1, 1]])
    figure = charts.structure_pairs(levels, levels[::-1], ["5 images", "5 images"], 2, ("a", "b"))
    assert [list(trace.y) for trace in figure.data] == [["0", "1"]] * 2
    assert list(figure.layout.yaxis.ticktext) == ["5 images", "5 images"]


def test_a_block_is_drawn_with_the_channels_of_every_level():
    figure = tour.block_drawing([0.0, 0.25, 1.0], channels=8)
    filled = [len(trace.x) for trace in figure.data if trace.marker.color in style.level_colors(3)]
    assert filled == [0, 2, 8]


def test_costs_keep_their_order_and_unit():
    figure = tour.costs({"all": (9e6, "#000000"), "<some>": (3e6, "#FFFFFF")})
    assert [list(trace.x) for trace in figure.data] == [[9.0], [3.0]]
    assert list(figure.data[1].y) == ["&lt;some&gt;"]


def test_structures_and_levels_of_the_tour():
    figure = tour.structures(np.array([[0, 1, 2]]), ["cat & dog"], 3)
    assert list(figure.data[0].y) == ["cat &amp; dog"]
    shares = pd.DataFrame([[0.25, 0.75], [1.0, 0.0]], index=["One", "Two"])
    figure = tour.levels_in_use(shares)
    assert [list(trace.x) for trace in figure.data] == [[0.25, 1.0], [0.75, 0.0]]
