"""Charts of whole test sets: data frames in, figures out."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest

from app.style import CORRECT_COLOR, WRONG_COLOR, level_colors
from app.views.chosen_models import charts
from app.views.hard_images import charts as hardness
from app.views.level_usage import charts as usage
from app.views.right_and_wrong import charts as confusion
from den_core.analysis.chosen import rank_frequency
from den_core.analysis.confusion import row_shares

FRAME = pd.DataFrame([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
GROUPS = pd.DataFrame(
    {
        "group": [0, 1],
        "images": [30, 10],
        "structures": [1, 2],
        "early": [0, 3],
        "macs_low": [1e6, 3e6],
        "macs_high": [1e6, 4e6],
        "macs": [1e6, 3.5e6],
        "accuracy": [0.9, 0.5],
        "low": [0.8, 0.3],
        "high": [0.95, 0.7],
        "loss": [0.2, 0.9],
        "loss_low": [0.1, 0.6],
        "loss_high": [0.3, 1.2],
    }
)


def _difference(values: np.ndarray, clear: np.ndarray) -> pd.DataFrame:
    blocks, levels = np.indices(values.shape)
    table = {"block": blocks, "level": levels, "first": values, "second": 0 * values, "difference": values}
    table |= {"low": values - 0.1, "high": values + 0.1, "clear": clear}
    return pd.DataFrame({name: column.ravel() for name, column in table.items()})


def _selectable(figure) -> None:
    """Everything that can be clicked carries lists: an array would come back from a click as something else."""
    for trace in figure.data:
        if trace.customdata is not None:
            json.dumps([list(point) for point in trace.customdata])
            assert all(isinstance(value, (int, float, str, type(None))) for value in list(trace.customdata)[0])


def test_usage_maps_share_one_scale_name_every_task_and_tell_clicks_apart():
    frames = {"one": FRAME, "two": FRAME}
    figure = usage.usage_maps(frames, {"one": "<b>One</b>", "two": "Two"}, "Mean probability", ("two", 2, 1))
    assert [note.text for note in figure.layout.annotations] == ["&lt;b&gt;One&lt;/b&gt;", "Two"]
    assert {trace.coloraxis for trace in figure.data if trace.type == "heatmap"} == {"coloraxis"}
    markers = [trace for trace in figure.data if trace.type == "scatter"]
    assert list(markers[1].customdata[-1]) == [2, 1, 0.5, "two"]
    (frame,) = figure.layout.shapes
    assert (frame.x0 + frame.x1, frame.y0 + frame.y1, frame.xref) == (4, 2, markers[1].xaxis)
    _selectable(figure)


def test_difference_map_is_centred_on_zero_and_marks_what_may_be_noise():
    table = _difference(np.array([[0.61, -0.61], [0.004, -0.004]]), np.array([[True, True], [True, False]]))
    figure = usage.difference_map(table, "A", "B")
    axis = figure.layout.coloraxis
    assert axis.cmin == -axis.cmax == -0.61
    text = np.array(figure.data[0].text)
    assert text.tolist() == [["+61", "+0.4"], ["−61", "·"]], "levels are rows, blocks are columns"
    assert list(figure.data[1].customdata[1]) == [0, 1, -0.61, pytest.approx(-0.71), pytest.approx(-0.51), -0.61, 0]


def test_difference_map_can_leave_noise_out_and_frame_a_cell():
    table = _difference(np.array([[0.6, -0.6], [0.1, -0.1]]), np.array([[True, True], [False, False]]))
    figure = usage.difference_map(table, "A", "B", only_clear=True, picked=(1, 0))
    np.testing.assert_array_equal(np.isnan(np.array(figure.data[0].z, dtype=float)), [[False, True], [False, True]])
    assert len(figure.layout.shapes) == 1


def test_a_difference_of_nothing_still_has_a_scale():
    table = _difference(np.zeros((2, 2)), np.zeros((2, 2), dtype=bool))
    assert usage.difference_map(table, "A", "B").layout.coloraxis.cmax > 0


def test_many_blocks_have_no_numbers_that_would_not_fit():
    values = np.full((usage.TEXT_BLOCKS + 1, 2), 0.5)
    figure = usage.difference_map(_difference(values, values > 0), "A", "B")
    assert set(np.array(figure.data[0].text).ravel()) == {""}


def test_histogram_keeps_the_order_and_puts_the_tail_last():
    counts = pd.DataFrame({"one": [5, 3, 9], "two": [1, 0, 2]}, index=["11", "01", "other"])
    figure = charts.chosen_histogram(
        counts,
        np.array([[1, 1], [0, 1]]),
        2,
        {"one": "#000000", "two": "#FFFFFF"},
        {"one": "One", "two": "<Two>"},
        total=20,
        tail="40 more structures",
        marked="01",
    )
    heat, first, second = figure.data
    assert list(heat.y) == list(first.y) == ["11", "01", "40 more structures"]
    assert list(first.x) == [5, 3, 9]
    assert [point[0] for point in first.customdata] == ["11", "01", ""], "the tail is no structure"
    assert list(second.customdata[0]) == ["11", "two", 1, 0.05]
    assert (second.marker.color, second.name) == ("#FFFFFF", "&lt;Two&gt;")
    assert list(first.marker.pattern.shape) == ["", "/", ""]
    assert np.isnan(np.asarray(heat.z, dtype=float)[2]).all()
    assert figure.layout.hoverdistance > 0, "without a limit the last bar answers every click"
    _selectable(figure)


def test_histogram_of_few_structures_has_no_tail():
    counts = pd.DataFrame({"one": [5, 3]}, index=["11", "01"])
    levels = np.array([[1, 1], [0, 1]])
    figure = charts.chosen_histogram(counts, levels, 2, {"one": "#000000"}, {"one": "One"}, total=8)
    assert list(figure.data[1].y) == ["11", "01"]


def test_coverage_ends_at_everything_and_names_are_literal():
    ranks = {"one": rank_frequency([6, 3, 1]), "all": rank_frequency([8, 2])}
    figure = charts.coverage_curves(ranks, {"one": "#000000"}, {"one": "<One>", "all": "All tasks"})
    curves = [trace for trace in figure.data if trace.showlegend is None]
    assert [list(curve.y)[-1] for curve in curves] == [1, 1]
    assert curves[0].name == "&lt;One&gt;"
    assert list(figure.data[1].y) == [0.6, 0.3, 0.1]


def test_barcode_picture_has_a_cell_per_block_in_the_colours_of_the_levels():
    kind, data = charts.barcode_picture([0, 3, 1], 4).split(",")
    svg = base64.b64decode(data).decode()
    assert kind == "data:image/svg+xml;base64"
    colors = level_colors(4)
    assert f'width="{charts.barcode_width(3)}"' in svg
    assert [part.split('"')[0] for part in svg.split('fill="')[1:]] == [colors[0], colors[3], colors[1]]


def test_groups_show_accuracy_and_loss_over_the_same_macs():
    figure = hardness.macs_groups(GROUPS, "#000000", marked=1)
    above, below = figure.data
    assert list(above.x) == list(below.x) == [1, 3.5], "millions"
    assert list(above.y) == [0.9, 0.5] and list(below.y) == [0.2, 0.9]
    np.testing.assert_allclose(above.error_y.arrayminus, [0.1, 0.2])
    assert [point[0] for point in above.customdata] == [1, 2], "people count groups from 1"
    assert list(above.marker.symbol) == ["circle", "diamond"]
    _selectable(figure)


def test_spending_is_in_millions_with_its_interval():
    table = pd.DataFrame(
        {
            "group": [0, 1],
            "images": [5, 5],
            "hard_low": [0.1, 0.5],
            "hard_high": [0.4, 2.0],
            "macs": [2e6, 3e6],
            "low": [1.5e6, 2e6],
            "high": [2.5e6, 4e6],
            "accuracy": [1, 0.4],
        }
    )
    figure = hardness.spending(table, "#000000", 2.5e6)
    assert list(figure.data[0].x) == [1, 2] and list(figure.data[0].y) == [2, 3]
    np.testing.assert_allclose(figure.data[0].error_y.array, [0.5, 1])
    assert figure.layout.shapes[0].y0 == 2.5


def test_outcomes_divide_right_from_wrong_by_colour_and_word():
    table = pd.DataFrame(
        {"outcome": ["a", "b"], "images": [7, 3], "share": [0.7, 0.3], "low": [0, 0], "high": [1, 1], "wrong": [2, 3]}
    )
    figure = hardness.outcome_bars(table, {"a": "First", "b": "Second"}, marked="b")
    right, wrong = figure.data
    assert list(right.x) == [5, 0] and list(wrong.x) == [2, 3]
    assert (right.marker.color, wrong.marker.color) == (CORRECT_COLOR, WRONG_COLOR)
    assert right.name.startswith("✓") and wrong.name.startswith("✗")
    assert list(right.y) == ["First", "Second"]
    assert list(wrong.marker.pattern.shape) == ["", "/"]
    _selectable(figure)


def test_overspend_bars_stand_between_their_edges():
    table = pd.DataFrame({"start": [-1e6, 0], "end": [0, 1e6], "images": [1, 4], "right": [0, 4], "wrong": [1, 0]})
    right, wrong = hardness.overspend_histogram(table).data
    assert list(right.x) == [-0.5, 0.5] and list(right.width) == [1, 1]
    assert list(right.y) == [0, 4] and list(wrong.y) == [1, 0]
    assert list(right.customdata[1]) == [1, 0, 1]


def test_confusion_is_coloured_by_row_and_clicked_by_name():
    counts = np.array([[8, 2], [0, 5]])
    figure = confusion.confusion_map(counts, row_shares(counts), ["<cat>", "dog"], picked=(0, 1))
    heat, markers = figure.data
    np.testing.assert_allclose(np.array(heat.z, dtype=float), [[0.8, 0.2], [np.nan, 1]])
    assert [list(point)[:3] for point in markers.customdata] == [
        ["<cat>", "<cat>", 8],
        ["<cat>", "dog", 2],
        ["dog", "dog", 5],
    ]
    assert list(markers.text) == ["&lt;cat&gt; → &lt;cat&gt; ✓", "&lt;cat&gt; → dog ✗", "dog → dog ✓"]
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].y0) == (0.5, -0.5)
    assert figure.layout.coloraxis.cmax == 1
    _selectable(figure)


def test_confusion_of_mistakes_leaves_the_diagonal_out():
    counts = np.array([[8, 2], [0, 5]])
    figure = confusion.confusion_map(counts, row_shares(counts), ["cat", "dog"], mistakes_only=True)
    shown = np.array(figure.data[0].z, dtype=float)
    assert np.isnan(np.diag(shown)).all() and shown[0, 1] == 0.2
    assert figure.layout.coloraxis.cmax == pytest.approx(0.2)
    perfect = confusion.confusion_map(np.eye(2, dtype=int), np.eye(2), ["cat", "dog"], mistakes_only=True)
    assert perfect.layout.coloraxis.cmax > 0


def test_confusion_of_many_classes_draws_its_many_cells_fast():
    counts = np.ones((100, 100), dtype=int)
    figure = confusion.confusion_map(counts, row_shares(counts), [f"class {i}" for i in range(100)])
    assert figure.data[1].type == "scattergl"
    assert figure.layout.xaxis.ticktext is None, "100 names would run into each other"


def test_slices_keep_their_order_and_carry_what_a_click_needs():
    table = pd.DataFrame(
        {
            "task": ["two", "one", "two"],
            "group": ["cat", "", "dog"],
            "start": [np.nan, 1e6, np.nan],
            "end": [np.nan, 2e6, np.nan],
            "images": [3, 4, 5],
            "accuracy": [0.2, 0.5, 0.9],
            "low": [0.1, 0.4, 0.8],
            "high": [0.3, 0.6, 1.0],
            "macs": [1e6, 2e6, 3e6],
        }
    )
    titles = {"one": "One", "two": "Two", "three": "Three"}
    colors = dict.fromkeys(titles, "#000000")
    figure = confusion.slice_dots(table, ["<cat>", "1–2 M", "x" * 50], colors, titles, 0.6)
    assert [trace.name for trace in figure.data] == ["One", "Two"], "only tasks that are there, in their order"
    assert list(figure.data[1].y) == [0, 2]
    assert [list(point) for point in figure.data[0].customdata] == [["one", "", 1e6, 2e6, 4, 2.0]]
    assert list(figure.data[1].customdata[0])[:4] == ["two", "cat", None, None]
    assert (
        figure.layout.yaxis.ticktext[0] == "&lt;cat&gt;"
        and len(figure.layout.yaxis.ticktext[2]) <= confusion.SLICE_LENGTH
    )
    assert figure.layout.shapes[0].x0 == 0.6
    _selectable(figure)


def test_reliability_draws_the_line_of_truth_the_points_and_their_images():
    bins = pd.DataFrame(
        {
            "start": [0.5, 0.9],
            "end": [0.6, 1.0],
            "images": [10, 90],
            "confidence": [0.55, 0.97],
            "accuracy": [0.4, 0.99],
            "low": [0.2, 0.95],
            "high": [0.7, 1.0],
        }
    )
    line, points, bars = confusion.reliability_diagram(bins).data
    assert list(line.x) == list(line.y) == [0, 1]
    assert list(points.customdata[0]) == [0.5, 0.6, 10]
    assert list(bars.y) == [10, 90]
