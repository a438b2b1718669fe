"""The page Where is it right and wrong?"""

from __future__ import annotations

import shutil

import pytest
from reduced_galleries import first_image

import den_core.checkpoints.gallery
from app.pages import PAGES
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import read_gallery

GROUPINGS = ("Class", "Task", "MACs", "Confidence", "Structure")


@pytest.fixture
def tasks(tiny_checkpoint):
    """The tasks of the tiny checkpoint."""
    return read_config(tiny_checkpoint).network.tasks


@pytest.fixture
def galleries(tiny_checkpoint, tasks):
    """Their galleries."""
    return {task.name: read_gallery(tiny_checkpoint, task.name) for task in tasks}


def _texts(app) -> str:
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


def _metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_headline_of_everything(open_trained, galleries):
    app = open_trained("right_and_wrong")
    assert not app.exception and not app.error and not app.info
    assert app.title[0].value == PAGES["right_and_wrong"].question
    total = sum(len(gallery) for gallery in galleries.values())
    right = sum(gallery.frame["correct"].sum() for gallery in galleries.values())
    assert _metrics(app)["Images"] == f"{total:,}"
    assert _metrics(app)["Accuracy"] == f"{100 * right / total:.1f} %"
    assert not any(metric.delta for metric in app.metric), "all images differ from nothing"


def test_filters_of_the_url_narrow_headline_and_grid(open_trained, grid_tiles, tasks, galleries):
    frame = galleries[tasks[0].name].frame
    label = int(frame["label"].iat[0])
    app = open_trained("right_and_wrong", scope=tasks[0].label, **{"class": tasks[0].class_names[label]})
    part = frame[frame["label"] == label]
    assert _metrics(app)["Images"] == f"{len(part):,}"
    assert _metrics(app)["Accuracy"] == f"{100 * part['correct'].mean():.1f} %"
    assert app.metric[0].delta == f"of {sum(len(gallery) for gallery in galleries.values()):,}"
    expected = [f"{tasks[0].name}:{row}" for row in part.index[:24]]
    assert [tile["id"] for tile in grid_tiles(app, "right_images")] == expected


def test_a_cell_of_the_matrix_is_a_class_and_an_answer(open_trained, grid_tiles, tasks, galleries):
    frame = galleries[tasks[0].name].frame
    label, answer = int(frame["label"].iat[0]), int(frame["prediction"].iat[0])
    names = tasks[0].class_names
    query = {"class": names[label], "predicted": names[answer]}
    app = open_trained("right_and_wrong", scope=tasks[0].label, **query)
    assert not app.exception
    cell = frame[(frame["label"] == label) & (frame["prediction"] == answer)]
    assert len(grid_tiles(app, "right_images")) == min(len(cell), 24)
    assert f"n = {len(frame):,} images" in _texts(app), "the matrix shows the cell among the others"


@pytest.mark.parametrize("by", GROUPINGS)
def test_slices_by_everything(by, open_trained, galleries):
    app = open_trained("right_and_wrong", section="Accuracy of parts", by=by)
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert by in table.columns
    if by != "Structure":
        assert table["Images"].sum() == sum(len(gallery) for gallery in galleries.values())


def test_the_matrix_of_another_task_and_of_mistakes_only(open_trained, tasks, galleries):
    app = open_trained("right_and_wrong", matrix=tasks[1].label, mistakes="true")
    assert not app.exception
    wrong = int((~galleries[tasks[1].name].frame["correct"]).sum())
    assert f"{wrong:,} of them wrong" in _texts(app)
    assert "largest mistake" in _texts(app)


def test_calibration_is_reported(open_trained):
    assert "Expected calibration error" in _texts(open_trained("right_and_wrong", section="Confidence"))


def test_filters_that_match_nothing_are_one_line(open_trained):
    app = open_trained("right_and_wrong", structure="9")
    assert not app.exception and not app.error
    assert len(app.info) == 1 and "No image" in app.info[0].value


def test_a_pattern_that_is_none_is_one_line(open_trained):
    app = open_trained("right_and_wrong", structure="abc")
    assert not app.exception
    assert len(app.error) == 1 and "abc" in app.error[0].value


def test_nonsense_in_the_url_is_ignored(open_trained):
    query = dict.fromkeys(("scope", "predicted", "correct", "macs", "confidence", "by", "matrix"), "x")
    app = open_trained("right_and_wrong", **query)
    assert not app.exception and not app.error


def test_one_image_is_enough(open_page, tiny_checkpoint, tmp_path, monkeypatch, tasks):
    shutil.copytree(tiny_checkpoint, tmp_path / "one")
    monkeypatch.setattr(
        den_core.checkpoints.gallery, "read_gallery", lambda folder, task: first_image(read_gallery(folder, task))
    )
    app = open_page("right_and_wrong", tmp_path)
    assert not app.exception and not app.error
    assert _metrics(app)["Images"] == str(len(tasks))
