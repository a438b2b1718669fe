"""The map: filters, colours, and an outline that the link keeps."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis import projection
from den_core.checkpoints.gallery import read_gallery

TASKS = ("fashion", "emoji", "clipart")


@pytest.fixture(scope="module")
def found(tiny_checkpoint):
    return projection.pca_map({task: read_gallery(tiny_checkpoint, task).distribution for task in TASKS})


def _heading(app) -> str:
    return next(text.value for text in app.markdown if "images" in text.value and "·" in text.value)


@pytest.fixture(scope="module")
def half(found) -> tuple[str, np.ndarray]:
    """An outline around the left half of the map, as a link holds it, and the positions inside."""
    low, high = found.points.min(axis=0) - 1, found.points.max(axis=0) + 1
    middle = float(np.median(found.points[:, 0]))
    text = projection.outline_text(projection.box((low[0], middle), (low[1], high[1])))
    return text, np.flatnonzero(projection.inside(found.points, projection.read_outline(text)))


def test_without_an_outline_all_images_are_listed(open_trained, found):
    app = open_trained("map")
    assert f"{len(found.images):,} images" in _heading(app)


def test_a_link_restores_the_selection(open_trained, half, found, grid_tiles):
    text, places = half
    app = open_trained("map", lasso=text)
    assert not app.exception and not app.warning
    assert _heading(app).startswith("**Inside the outline**")
    assert f"{len(places):,} images" in _heading(app)
    expected = [f"{task}:{row}" for task, row in found.images.iloc[places[:24]].itertuples(index=False)]
    assert [tile["id"] for tile in grid_tiles(app, "map-images")] == expected
    assert sum(int(metric.value.replace(",", "")) for metric in app.metric) == len(places)


def test_a_selection_can_be_taken_back(open_trained, half, found):
    app = open_trained("map", lasso=half[0])
    app.button(key="clear_lasso").click().run()
    assert f"{len(found.images):,} images" in _heading(app)
    assert "lasso" not in app.query_params


@pytest.mark.parametrize("text", ["garbage", "1_2~3_4", "nan_1~2_3~4_5", "~".join(["1_1"] * 100)])
def test_an_outline_that_is_none_is_reported_and_nothing_is_selected(text, open_trained, found):
    app = open_trained("map", lasso=text)
    assert not app.exception and not app.error
    assert "cannot be read" in app.warning[0].value
    assert f"{len(found.images):,} images" in _heading(app)


def test_an_outline_around_nothing_is_an_empty_selection(open_trained):
    app = open_trained("map", lasso="500_500~501_500~501_501")
    assert not app.exception
    assert "0 images" in _heading(app)


def test_filters_narrow_the_map_and_the_selection(open_trained, half, found):
    app = open_trained("map", lasso=half[0], scope="Emoji")
    inside = found.images.iloc[half[1]]
    assert f"{int((inside['task'] == 'emoji').sum()):,} image" in _heading(app)


def test_filters_that_leave_nothing_are_reported(open_trained):
    app = open_trained("map", structure="9*")
    assert not app.exception
    assert any("No image fits" in info.value for info in app.info)


@pytest.mark.parametrize("color", ["Task", "Right or wrong", "MACs", "Confidence"])
def test_every_colour_can_be_linked(color, open_trained):
    app = open_trained("map", color=color)
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 1


def test_t_sne_is_the_second_choice_and_an_outline_of_the_other_map_is_forgotten(open_trained, half):
    app = open_trained("map", lasso=half[0])
    app.segmented_control(key="projection").set_value("tsne").run(timeout=120)
    assert not app.exception
    assert "lasso" not in app.query_params
    assert any("t-SNE puts" in caption.value for caption in app.caption)
