"""The page How are levels used?"""

from __future__ import annotations

import shutil

import pytest
from reduced_galleries import first_image

import den_core.checkpoints.gallery
from app.pages import PAGES
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import read_gallery


@pytest.fixture
def tasks(tiny_checkpoint) -> list[str]:
    """The tasks of the tiny checkpoint."""
    return [task.name for task in read_config(tiny_checkpoint).network.tasks]


@pytest.fixture
def title(tiny_checkpoint):
    """The title of a task, as the URL names it."""
    labels = {task.name: task.label for task in read_config(tiny_checkpoint).network.tasks}
    return labels.__getitem__


def _texts(app) -> str:
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


@pytest.mark.parametrize(("title", "reading"), [("Mean probability", "probability"), ("Share of images", "frequency")])
def test_both_readings_are_offered(title, reading, open_trained):
    app = open_trained("level_usage", reading=title)
    assert not app.exception and not app.error
    assert app.title[0].value == PAGES["level_usage"].question
    assert app.segmented_control(key="reading").value == reading


def test_without_a_cell_all_images_are_listed(open_trained, tasks, tiny_checkpoint):
    app = open_trained("level_usage")
    total = sum(len(read_gallery(tiny_checkpoint, task)) for task in tasks)
    assert f"Images of this selection** · {total:,} images" in _texts(app)


def test_the_url_names_a_cell_and_the_grid_holds_the_images_that_run_there(
    open_trained, grid_tiles, tasks, tiny_checkpoint, title
):
    gallery = read_gallery(tiny_checkpoint, tasks[1])
    level = int(gallery.levels[0, 1])
    rows = [row for row in range(len(gallery)) if gallery.levels[row, 1] == level]
    app = open_trained("level_usage", task=title(tasks[1]), block="1", level=str(level))
    assert not app.exception
    assert f"Images that run block 1 at level {level}** · {len(rows)} image" in _texts(app)
    assert [tile["id"] for tile in grid_tiles(app, "usage_images")] == [f"{tasks[1]}:{row}" for row in rows[:24]]


def test_a_cell_can_be_chosen_and_taken_back_without_a_mouse_on_the_chart(open_trained):
    app = open_trained("level_usage")
    app.selectbox(key="block").set_value("0")
    app.selectbox(key="level").set_value("1").run()
    assert "Images that run block 0 at level 1" in _texts(app)
    next(button for button in app.button if button.label == "Any cell").click().run()
    assert not app.exception
    assert "Images of this selection" in _texts(app)


def test_a_class_shows_its_own_task_only(open_trained, tasks, tiny_checkpoint):
    names = read_config(tiny_checkpoint).network.tasks[0].class_names
    label = names[read_gallery(tiny_checkpoint, tasks[0]).frame["label"].iat[0]]
    app = open_trained("level_usage", **{"class": label})
    assert not app.exception
    assert "No image of" in _texts(app)


def test_difference_of_two_tasks_names_both_and_their_images(open_trained, tasks, tiny_checkpoint, title):
    app = open_trained("level_usage")
    assert app.selectbox(key="first").value == tasks[0]
    assert app.selectbox(key="second").value == tasks[1]
    for task in tasks[:2]:
        assert f"n = {len(read_gallery(tiny_checkpoint, task)):,}" in _texts(app)


def test_difference_of_right_and_wrong_from_the_url(open_trained, title, tasks, tiny_checkpoint):
    query = {"first": title(tasks[0]), "second": title(tasks[0])}
    query |= {"first_correct": "✓ Right", "second_correct": "✗ Wrong"}
    app = open_trained("level_usage", **query)
    assert not app.exception
    right = int(read_gallery(tiny_checkpoint, tasks[0]).frame["correct"].sum())
    if right:
        assert f"right answers, n = {right:,}" in _texts(app)


def test_the_same_images_on_both_sides_are_said_to_be_the_same(open_trained, title, tasks):
    app = open_trained("level_usage", first=title(tasks[0]), second=title(tasks[0]))
    assert not app.exception
    assert any("the same images" in info.value for info in app.info)


def test_groups_that_share_images_say_so(open_trained, title, tasks):
    app = open_trained("level_usage", first=title(tasks[0]), second=title(tasks[0]), second_correct="✗ Wrong")
    assert not app.exception
    assert "are in both groups" in _texts(app)


def test_a_cell_lists_the_images_of_both_groups(open_trained, grid_tiles, tasks, tiny_checkpoint):
    gallery = read_gallery(tiny_checkpoint, tasks[0])
    level = int(gallery.levels[0, 0])
    app = open_trained("level_usage", block="0", level=str(level))
    first = next(row for row in range(len(gallery)) if gallery.levels[row, 0] == level)
    assert grid_tiles(app, "usage_images_A")[0]["id"] == f"{tasks[0]}:{first}"


def test_nonsense_in_the_url_is_ignored(open_trained):
    query = dict.fromkeys(("task", "block", "level", "first", "second", "first_class", "second_correct"), "-7x")
    app = open_trained("level_usage", clear="?", **query)
    assert not app.exception and not app.error


@pytest.fixture
def one_image(tiny_checkpoint, tmp_path, monkeypatch):
    """A folder with a checkpoint that has one test image per task."""
    shutil.copytree(tiny_checkpoint, tmp_path / "one")
    monkeypatch.setattr(
        den_core.checkpoints.gallery, "read_gallery", lambda folder, task: first_image(read_gallery(folder, task))
    )
    return tmp_path


def test_one_image_is_enough(open_page, one_image):
    app = open_page("level_usage", one_image)
    assert not app.exception and not app.error
    assert "fewer than 10 images" in _texts(app)


def test_a_filter_that_matches_nothing_is_one_line(open_page, one_image, tiny_checkpoint, tasks):
    right = [read_gallery(tiny_checkpoint, task).frame["correct"].iat[0] for task in tasks]
    scope = {} if len(set(right)) == 1 else {"scope": read_config(tiny_checkpoint).network.tasks[0].label}
    app = open_page("level_usage", one_image, correct="✗ Wrong" if right[0] else "✓ Right", **scope)
    assert not app.exception and not app.error
    assert any("No image is in this selection" in info.value for info in app.info)
