"""The page Similar images: a query, its neighbours in three spaces, mutual neighbours of two tasks."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

import den_core
from den_core.analysis.neighbours import HammingIndex, nearest
from den_core.checkpoints.gallery import gallery_path, read_gallery

PICKER = "similar_picker"
SPACES = {"Model distribution": "distribution", "Chosen structure": "structure", "Estimator features": "features"}


@pytest.fixture
def galleries(tiny_checkpoint):
    """The galleries of the tiny checkpoint, by task."""
    return {task: read_gallery(tiny_checkpoint, task) for task in den_core.load(tiny_checkpoint).tasks}


def test_the_row_of_the_url_is_the_query(open_trained, galleries):
    gallery = next(iter(galleries.values()))
    app = open_trained("similar_images", row="3")
    assert any(f"Structure `{gallery.frame['structure'][3]}`" in text.value for text in app.markdown)


@pytest.mark.parametrize("title", SPACES)
def test_the_neighbours_are_those_of_the_library(title, open_trained, grid_tiles, galleries):
    app = open_trained("similar_images", row="7", space=title)
    assert not app.exception and not app.error
    own = next(iter(galleries))
    space = SPACES[title]
    for task, gallery in galleries.items():
        exclude = 7 if task == own else None
        if space == "structure":
            found = HammingIndex(gallery.levels).search(galleries[own].levels[7], 4, exclude)
        else:
            found = nearest(getattr(galleries[own], space)[7], getattr(gallery, space), 4, exclude)
        shown = [tile["id"] for tile in grid_tiles(app, f"near-{space}-{task}")]
        assert shown == [f"{task}:{row}" for row in found["row"]]


def test_the_grid_shows_the_class_that_was_asked_for(open_trained, grid_tiles, galleries):
    task, gallery = next(iter(galleries.items()))
    app = open_trained("similar_images")
    names = app.selectbox(key="class").options
    app.selectbox(key="class").select_index(2).run()
    assert not app.exception
    shown = [int(tile["id"]) for tile in grid_tiles(app, PICKER)]
    label = names.index(names[2]) - 1
    assert shown == np.flatnonzero(gallery.frame["label"] == label)[:16].tolist()


def test_a_class_without_images_is_said(open_trained, galleries):
    gallery = galleries["emoji"]
    absent = sorted(set(range(8)) - set(gallery.frame["label"]))
    app = open_trained("similar_images", task="Emoji")
    if absent:
        app.selectbox(key="class").select_index(absent[0] + 1).run()
        assert "No test image" in app.info[0].value
    assert not app.exception


def test_a_row_that_a_smaller_task_does_not_have_is_its_first(open_trained):
    app = open_trained("similar_images", row="119")
    app.session_state["row"] = 5_000
    app.run()
    assert not app.exception and not app.error
    assert app.number_input(key="row").value == 0


NONSENSE = (
    {"row": "x"},
    {"row": "-5"},
    {"row": "1e9"},
    {"space": "z"},
    {"show": "?"},
    {"show": "Twins across tasks"},
    {"pair": "a-b"},
)


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_the_url_is_ignored(query, open_trained):
    app = open_trained("similar_images", **query)
    assert not app.exception and not app.error


def test_inspecting_the_query_goes_to_the_other_page(open_trained, galleries):
    task, gallery = next(iter(galleries.items()))
    app = open_trained("similar_images", row="2")
    app.button(key="similar_inspect").click().run()
    assert not app.exception
    assert any("test image 2" in text.value for text in app.markdown)
    assert [text.value for text in app.markdown if text.value == f"Structure `{gallery.frame['structure'][2]}`"]


def test_the_page_says_how_much_content_and_difficulty_the_neighbours_share(open_trained):
    app = open_trained("similar_images")
    assert any("**content**" in text.value and "**difficulty**" in text.value for text in app.markdown)
    shown = app.dataframe[0].value
    assert shown["Alike by"].tolist() == [*SPACES, "By chance"]
    assert shown["Same class (%)"].between(0, 100).all()


def test_mutual_neighbours_are_shown_in_pairs_of_different_tasks(open_trained, grid_tiles):
    app = open_trained("similar_images", show="Mutual neighbours")
    assert not app.exception and not app.error
    pair = [tile["id"].split(":")[0] for tile in grid_tiles(app, "mutual-0")]
    assert len(pair) == len(set(pair)) == 2
    app.segmented_control(key="pair").set_value("emoji-clipart").run()
    assert not app.exception
    assert app.segmented_control(key="pair").value == "emoji-clipart"


def test_without_features_two_spaces_remain(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    for task in den_core.load(tiny_checkpoint).tasks:
        path = gallery_path(tmp_path / "copy", task)
        table = pq.read_table(path)
        pq.write_table(table.drop_columns(["features"]), path)
    app = open_page("similar_images", tmp_path, space="Estimator features")
    assert not app.exception and not app.error
    assert app.segmented_control(key="space").options == list(SPACES)[:2]
    assert any("index" in text.value for text in app.caption)


def test_with_one_gallery_there_are_neighbours_but_no_mutual_ones(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    for task in ("fashion", "clipart"):
        gallery_path(tmp_path / "copy", task).unlink()
    assert not open_page("similar_images", tmp_path).error
    app = open_page("similar_images", tmp_path, show="Mutual neighbours")
    assert not app.exception
    assert "two tasks" in app.info[0].value


def test_a_missing_data_set_leaves_the_numbers(open_trained, monkeypatch):
    from den_core.errors import DataError

    def missing(source: str, split: str):
        raise DataError(f"expected the data set {source}, found none; install it")

    monkeypatch.setattr("app.cache.pictures._source", missing)
    monkeypatch.setattr("app.cache.pictures._picture", lambda source, split, row, side: missing(source, split))
    app = open_trained("similar_images")
    assert not app.exception and not app.error
    assert sum("the data set" in info.value for info in app.info) == 1
    assert app.dataframe
