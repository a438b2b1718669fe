"""Every page: nothing trained yet, a broken checkpoint, one that is not indexed, a real one."""

from __future__ import annotations

import json
import shutil

import pytest

import den_core
from den_core.gallery import read_gallery

PAGES = ("overview", "inspect_image", "similar_images", "level_usage", "chosen_models", "trade_off")
NEED_GALLERY = ("similar_images", "level_usage", "chosen_models")


@pytest.mark.parametrize("page", PAGES)
def test_without_a_checkpoint_the_page_says_which_command_makes_one(page, open_page, tmp_path):
    app = open_page(page, tmp_path)
    assert not app.exception
    assert "python -m den_core train" in app.info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_missing_checkpoints_folder_is_the_same_as_an_empty_one(page, open_page, tmp_path):
    app = open_page(page, tmp_path / "nowhere")
    assert not app.exception
    assert "python -m den_core train" in app.info[0].value


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("content", ["{", "[]", '{"schema_version": 99}', "\x00\xff"])
def test_a_broken_checkpoint_is_one_line_that_names_the_file(page, content, open_page, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "config.json").write_text(content)
    app = open_page(page, tmp_path)
    assert not app.exception
    assert len(app.error) == 1
    assert "config\\.json" in app.error[0].value
    assert "\n" not in app.error[0].value


def test_weights_that_are_missing_are_one_line(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("*.safetensors"))
    app = open_page("inspect_image", tmp_path)
    assert not app.exception
    assert "model\\.safetensors" in app.error[0].value


@pytest.mark.parametrize("page", NEED_GALLERY)
def test_without_galleries_the_page_says_which_command_writes_them(
    page, open_page, tiny_checkpoint, tmp_path
):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    app = open_page(page, tmp_path)
    assert not app.exception
    assert "python -m den_core index checkpoints/copy" in app.info[0].value


def test_a_damaged_gallery_is_one_line(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    for file in (tmp_path / "copy" / "gallery").iterdir():
        file.write_bytes(b"not a table")
    app = open_page("level_usage", tmp_path)
    assert not app.exception
    assert len(app.error) == 1


@pytest.mark.parametrize("page", ["overview", "trade_off"])
def test_without_metrics_the_page_says_which_command_measures(page, open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("metrics.json"))
    app = open_page(page, tmp_path)
    assert not app.exception
    assert "python -m den_core evaluate checkpoints/copy" in app.info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_with_a_trained_checkpoint_the_page_shows_a_result(page, open_trained):
    app = open_trained(page)
    assert not app.exception
    assert not app.error
    assert not app.info
    assert app.title


def test_overview_shows_the_measured_accuracy(open_trained, tiny_checkpoint):
    metrics = json.loads((tiny_checkpoint / "metrics.json").read_text())
    chosen = next(point for point in metrics["operating_points"] if point["method"] == "chosen")
    shown = open_trained("overview").table[0].value
    assert f"{100 * chosen['average']['accuracy']:.1f} %" in shown["Average"].tolist()


def test_similar_images_shows_the_answer_of_the_row_in_the_url(open_trained, tiny_checkpoint):
    task = den_core.load(tiny_checkpoint).tasks[0]
    entry = read_gallery(tiny_checkpoint, task).iloc[3]
    app = open_trained("similar_images", row="3")
    assert any(f"Structure `{entry['structure']}`" in text.value for text in app.markdown)


def test_picking_an_image_of_the_grid_makes_it_the_query(open_trained, tiny_checkpoint):
    task = den_core.load(tiny_checkpoint).tasks[0]
    app = open_trained("similar_images")
    app.button(key=f"pick-{task}-5").click().run()
    assert not app.exception
    assert any("test image 5" in text.value for text in app.markdown)


@pytest.mark.parametrize(
    ("title", "reading"), [("Mean probability", "probability"), ("Share of images", "frequency")]
)
def test_level_usage_offers_both_readings(title, reading, open_trained):
    app = open_trained("level_usage", reading=title)
    assert not app.exception
    assert app.segmented_control(key="reading").value == reading


def test_trade_off_states_the_instance_gain_of_metrics_json(open_trained, tiny_checkpoint):
    metrics = json.loads((tiny_checkpoint / "metrics.json").read_text())
    app = open_trained("trade_off")
    assert f"{100 * metrics['instance_gain']['average']:+.2f}" in [metric.value for metric in app.metric]


def test_trade_off_can_count_every_class_the_same(open_trained):
    app = open_trained("trade_off", mean="Every class counts the same")
    assert not app.exception
    assert app.segmented_control(key="mean").value == "class_accuracy"


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_the_url_is_ignored(page, open_trained):
    app = open_trained(
        page, task="nothing", row="-5", scope="x", reading="y", picture="emoji:99999999", mean="z"
    )
    assert not app.exception
    assert not app.error


def test_inspecting_an_image_of_the_gallery_goes_to_the_other_page(open_trained, tiny_checkpoint):
    task = den_core.load(tiny_checkpoint).tasks[0]
    entry = read_gallery(tiny_checkpoint, task).iloc[2]
    app = open_trained("similar_images", row="2")
    app.button(key="similar_inspect").click().run()
    assert not app.exception
    assert app.title[0].value == "Inspect an image"
    assert any("test image 2" in text.value for text in app.markdown)
    assert [text.value for text in app.markdown if text.value == f"Structure `{entry['structure']}`"]
