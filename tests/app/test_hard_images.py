"""The page Does it spend more on hard images?"""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from reduced_galleries import first_image, without_tried

import den_core.checkpoints.gallery
from app.pages import PAGES
from den_core.analysis.hardness import OUTCOMES, outcomes, overspend, tied_groups, worst
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import read_gallery


@pytest.fixture
def tasks(tiny_checkpoint):
    """The tasks of the tiny checkpoint."""
    return read_config(tiny_checkpoint).network.tasks


@pytest.fixture
def gallery(tiny_checkpoint, tasks):
    """The gallery of the first task."""
    return read_gallery(tiny_checkpoint, tasks[0].name)


def _texts(app) -> str:
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


def _row(tile: dict) -> int:
    return int(tile["id"].rpartition(":")[2])


def test_the_page_answers_its_question(open_trained, gallery):
    app = open_trained("hard_images")
    assert not app.exception and not app.error and not app.info
    assert app.title[0].value == PAGES["hard_images"].question
    assert "bootstrap draws" in _texts(app) or "No answer" in _texts(app)
    assert f"`{str(gallery.num_levels - 1) * gallery.num_blocks}`" in _texts(app)


def test_hardness_can_be_that_of_a_cheap_level(open_trained, gallery):
    app = open_trained("hard_images", yardstick="Every block at level 1")
    assert not app.exception
    assert f"by their loss under `{'1' * gallery.num_blocks}`" in _texts(app)


def test_every_group_has_its_own_images(open_trained, grid_tiles, gallery):
    app = open_trained("hard_images")
    group = tied_groups(gallery.frame["macs"].to_numpy(), 10)
    for number in range(group.max() + 1):
        rows = [_row(tile) for tile in grid_tiles(app, f"hard_strip_{number}")]
        assert set(group[rows]) == {number}
    assert f"**{group.max() + 1} groups" in _texts(app)


def test_a_group_of_the_url_is_listed_and_can_be_closed(open_trained, grid_tiles, gallery):
    group = tied_groups(gallery.frame["macs"].to_numpy(), 10)
    app = open_trained("hard_images", group="1")
    assert f"Images of group 1** · {(group == 0).sum()} image" in _texts(app)
    assert {_row(tile) for tile in grid_tiles(app, "hard_group_images")} <= set(np.flatnonzero(group == 0))
    app.button(key="hard_group_close").click().run()
    assert "Images of group 1" not in _texts(app)


def test_a_button_lists_a_group_as_a_click_in_the_chart_does(open_trained):
    app = open_trained("hard_images")
    app.button(key="hard_group_0").click().run()
    assert not app.exception
    assert "Images of group 1" in _texts(app)


def test_the_worst_images_come_first(open_trained, grid_tiles, gallery):
    spent = overspend(gallery)
    expected = worst(spent).tolist()
    app = open_trained("hard_images")
    if expected:
        tiles = grid_tiles(app, "hard_worst")
        assert [_row(tile) for tile in tiles] == expected
        assert tiles[0]["lines"][-1] == f"{spent.macs[expected[0]] / 1e6:+.1f} M"


def test_an_outcome_of_the_url_lists_its_images(open_trained, grid_tiles, gallery):
    kinds = outcomes(overspend(gallery))
    kind = int(np.bincount(kinds).argmax())
    name = list(OUTCOMES)[kind]
    app = open_trained("hard_images", spent=f"outcome:{name}")
    assert not app.exception
    assert f"**{OUTCOMES[name]}** · {(kinds == kind).sum()} image" in _texts(app)
    assert set(kinds[[_row(tile) for tile in grid_tiles(app, "hard_spent_images")]]) == {kind}
    app.button(key="hard_spent_close").click().run()
    assert not app.exception


def test_a_bin_of_the_url_lists_its_images(open_trained):
    app = open_trained("hard_images", spent="bin:0")
    assert not app.exception
    assert "M MACs beyond need**" in _texts(app)


@pytest.mark.parametrize("spent", ["bin:99999", "bin:x", "bin:", "outcome:x", "x", ":"])
def test_nonsense_in_the_url_is_ignored(spent, open_trained):
    app = open_trained("hard_images", spent=spent, group="0", yardstick="x", task="x", **{"class": "x"})
    assert not app.exception and not app.error


def test_a_class_narrows_everything(open_trained, tasks, gallery):
    label = int(gallery.frame["label"].iat[0])
    app = open_trained("hard_images", **{"class": tasks[0].class_names[label]})
    assert not app.exception
    assert f"The {(gallery.frame['label'] == label).sum():,} test images sorted" in _texts(app)


@pytest.fixture
def reduced(open_page, tiny_checkpoint, tmp_path, monkeypatch):
    """Opens the page with galleries that were made smaller."""

    def reduced(change, **query):
        shutil.copytree(tiny_checkpoint, tmp_path / "copy")
        monkeypatch.setattr(
            den_core.checkpoints.gallery, "read_gallery", lambda folder, task: change(read_gallery(folder, task))
        )
        return open_page("hard_images", tmp_path, **query)

    return reduced


def test_without_tried_structures_the_page_says_what_is_missing(reduced):
    app = reduced(without_tried)
    assert not app.exception and not app.error
    assert len(app.info) == 1 and "den index /" in app.info[0].value
    assert "groups" in _texts(app), "accuracy by MACs needs no tried structures"


def test_one_image_is_enough(reduced):
    app = reduced(first_image)
    assert not app.exception and not app.error
    assert "No answer" in _texts(app)


def test_a_class_without_images_is_one_line(reduced, tasks, gallery):
    absent = next(i for i in range(len(tasks[0].class_names)) if i != gallery.frame["label"].iat[0])
    app = reduced(first_image, **{"class": tasks[0].class_names[absent]})
    assert not app.exception and not app.error
    assert any("No image is in this selection" in info.value for info in app.info)
