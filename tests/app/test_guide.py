"""The two-minute tour."""

from __future__ import annotations

import shutil

import pytest

from app.pages import PAGES
from den_core.analysis.tour import contrast
from den_core.checkpoints.gallery import read_gallery


@pytest.mark.parametrize("step", range(1, 7))
def test_every_step_opens_from_its_link_and_has_one_way_on(step, open_trained):
    app = open_trained("guide", step=str(step))
    assert not app.exception and not app.error
    assert app.subheader[0].value.startswith(f"{step}. ")
    assert app.button[0].disabled == (step == 1)
    assert app.button[1].disabled == (step == 6)
    assert len(app.get("page_link")) == (1 if step < 6 else len(PAGES) - 1)


def test_next_and_back_walk_through_the_tour(open_trained):
    app = open_trained("guide")
    app.button[1].click().run()
    assert app.subheader[0].value.startswith("2. ")
    app.button[0].click().run()
    assert app.subheader[0].value.startswith("1. ")


@pytest.mark.parametrize("step", ["abc", "0", "7", "-1", "2.5"])
def test_a_step_that_there_is_not_is_the_first(step, open_trained):
    app = open_trained("guide", step=step)
    assert not app.exception
    assert app.subheader[0].value.startswith("1. ")


def test_the_two_images_are_those_of_the_rule(open_trained, tiny_checkpoint):
    galleries = {task: read_gallery(tiny_checkpoint, task) for task in ("fashion", "emoji", "clipart")}
    found = contrast(galleries)
    texts = " ".join(text.value for text in open_trained("guide", step="2").markdown)
    for row in (found.cheap, found.expensive):
        assert galleries[found.task].frame["structure"][row] in texts


def test_a_gain_of_nothing_is_called_that(open_page, tiny_checkpoint, tmp_path):
    import json

    path = shutil.copytree(tiny_checkpoint, tmp_path / "copy") / "metrics.json"
    metrics = json.loads(path.read_text())
    for gain, words in ((-0.01, "does not pay"), (0.001, "which is little"), (0.05, "depend on every image")):
        metrics["instance_gain"]["average"] = gain
        path.write_text(json.dumps(metrics))
        app = open_page("guide", tmp_path, step="5")
        assert any(words in text.value for text in app.markdown), words


def test_without_galleries_the_steps_that_need_none_are_shown(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    for step in ("1", "2", "5"):
        app = open_page("guide", tmp_path, step=step)
        assert not app.exception and not app.error
        assert f"den index {tmp_path / 'copy'}" in app.info[0].value
        assert len(app.button) == 2, "the way on is always there"


def test_without_metrics_the_fifth_step_names_the_command(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("metrics.json"))
    app = open_page("guide", tmp_path, step="5")
    assert f"den evaluate {tmp_path / 'copy'}" in app.info[0].value


def test_a_data_set_that_is_not_there_leaves_the_text(open_page, tiny_checkpoint, tmp_path, rename_source):
    rename_source(shutil.copytree(tiny_checkpoint, tmp_path / "copy"), "folder:/nowhere")
    app = open_page("guide", tmp_path, step="2")
    assert not app.exception
    assert sum("nowhere" in info.value for info in app.info) == 1 and not app.error
    assert any("Structure" in text.value or "structure" in text.value for text in app.markdown)
