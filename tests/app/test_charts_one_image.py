"""Charts about one image: frames in, figures out."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from app.style import barcode_svg, level_colors
from app.views.inspect_image.charts import (
    COST_WEIGHTS,
    along_cost_weight,
    cell_colors,
    costs_of_image,
    distribution_map,
    steadiness_of_blocks,
)
from den_core.methods import METHODS

FRAME = pd.DataFrame([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
TRIED = pd.DataFrame(
    {
        "kind": ["chosen", "cost_weight", "cost_weight", "level", "random", "forced"],
        "parameter": [np.nan, 0.5, 0.0, 1, np.nan, np.nan],
        "structure": ["10", "00", "10", "11", "01", "22"],
        "class_name": ["a", "<b>", "a", "a", "c", "a"],
        "probability": [0.5, 0.2, 0.5, 0.8, 0.3, 0.9],
        "needed_macs": [5e6, 3e6, 5e6, 8e6, 4e6, 9e6],
    }
)


def test_distribution_map_outlines_the_chosen_cells_on_a_fixed_scale():
    figure = distribution_map(FRAME, [1, 0, 1])
    np.testing.assert_array_equal(figure.data[0].z, FRAME.to_numpy().T)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    centres = [((shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2) for shape in figure.layout.shapes]
    assert centres == [(0, 1), (1, 0), (2, 1)]


def test_every_kind_of_structure_has_its_own_mark_and_gives_its_structure():
    figure = costs_of_image(TRIED, [False, True, False, False, False, True], "needed_macs", "<a>")
    front, *kinds = figure.data
    assert list(front.x) == [3, 9]
    assert len({trace.marker.symbol for trace in kinds}) == len(kinds) == 5
    points = [point for trace in kinds for point in trace.customdata]
    assert sorted(point[0] for point in points) == sorted(TRIED["structure"])
    assert all(isinstance(point, list) for point in points), "an array would come back from a click as something else"
    assert "&lt;b&gt;" in [point[1] for point in points]
    assert figure.layout.yaxis.title.text == "Probability of &lt;a&gt; (%)"
    assert "millions" in figure.layout.xaxis.title.text


def test_the_curve_of_cost_weights_is_joined_from_cheap_to_expensive():
    figure = costs_of_image(TRIED, [False] * 6, "needed_macs", "a")
    along = next(trace for trace in figure.data if trace.name == METHODS["cost_weight"].name)
    assert list(along.x) == [3, 5]
    assert "lines" in along.mode


def test_a_structure_holds_from_the_cost_weight_that_gives_it():
    along = pd.DataFrame(
        {
            "low": [-np.inf, -1.0, 2.5],
            "total_macs": [90, 50, 20],
            "probability": [0.9, 0.8, 0.1],
            "structure": ["22", "21", "10"],
        }
    )
    macs, probability = along_cost_weight(along, 0.5, 100).data
    assert list(macs.x) == [COST_WEIGHTS[0], -1, 2.5, COST_WEIGHTS[-1]]
    assert list(macs.y) == [0.9, 0.5, 0.2, 0.2]
    assert list(probability.y) == [0.9, 0.8, 0.1, 0.1]
    assert macs.line.shape == probability.line.shape == "hv"
    assert macs.line.dash != probability.line.dash, "different without colour"


def test_hover_texts_name_an_early_answer_in_words():
    tried = TRIED.assign(structure=TRIED["structure"].replace("00", "--"))
    points = [
        point
        for trace in costs_of_image(tried, [False] * 6, "needed_macs", "a").data
        for point in trace.customdata or ()
    ]
    assert {point[0]: point[3] for point in points}["--"] == "answered early", "clicks still tell it by its key"

    along = pd.DataFrame({"low": [-np.inf, 2.5], "total_macs": [90, 20], "probability": 0.5, "structure": ["22", "--"]})
    macs, _ = along_cost_weight(along, 0.5, 100).data
    assert list(macs.customdata) == ["structure 22", "answered early", "answered early"]


def test_the_stops_of_the_slider_rise_through_zero():
    assert list(COST_WEIGHTS) == sorted(set(COST_WEIGHTS))
    assert 0 in COST_WEIGHTS


def test_steadiness_has_a_bar_per_block():
    blocks = pd.DataFrame({"level": [0, 1, 1], "kept": [1.0, 0.5, 0.0], "distance": [0.0, 0.1, 1.2]})
    kept, moved = steadiness_of_blocks(blocks).data
    assert list(kept.y) == [1, 0.5, 0]
    assert list(moved.y) == [0, 0.1, 1.2]


def test_an_image_that_never_moves_still_has_an_axis():
    blocks = pd.DataFrame({"level": [0], "kept": [1.0], "distance": [0.0]})
    assert steadiness_of_blocks(blocks).layout.yaxis2.range[1] > 0


@pytest.mark.parametrize("structure", ["0", "3120", "3" * 36])
def test_the_barcode_is_one_cell_per_block_in_the_colours_of_the_levels(structure):
    root = ElementTree.fromstring(barcode_svg([int(level) for level in structure], 4))
    colors = level_colors(4)
    assert [cell.get("fill") for cell in root] == [colors[int(level)] for level in structure]


def test_every_cell_has_a_colour_that_the_component_can_read():
    colors = cell_colors(np.array([[0.0, 1.0], [0.25, 0.75], [1.0000001, -1e-9]]))
    assert len(colors) == 3 and len(colors[0]) == 2
    assert all(color.startswith("rgb(") for row in colors for color in row)
    assert colors[0][0] != colors[0][1]
