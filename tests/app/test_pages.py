"""What holds for every page: nothing trained yet, a broken checkpoint, one that is not indexed, a real one."""

from __future__ import annotations

import json
import shutil

import pytest

from app.pages import PAGES, sections

NEED_GALLERY = (
    "guide",
    "similar_images",
    "level_usage",
    "chosen_models",
    "hard_images",
    "right_and_wrong",
    "map",
)
NONSENSE = {
    "task": "nothing",
    "as": "%00",
    "row": "-5",
    "class": "<script>",
    "predicted": "**",
    "correct": "maybe",
    "macs": "a,b",
    "confidence": "900",
    "scope": "x",
    "reading": "y",
    "picture": "emoji:99999999",
    "mean": "z",
    "space": "outer",
    "color": "ultraviolet",
    "projection": "mercator",
    "step": "abc",
    "weight": "1e99",
    "lasso": "garbage",
    "block": "-1",
    "level": "99",
    "first": "../../etc",
    "second": "",
    "other": "../../etc/passwd",
    "outcome": "?",
    "order": "none",
}


def test_every_page_has_a_file_and_every_file_is_a_page(repository):
    files = {path.parent.name for path in (repository / "app" / "views").glob("*/page.py")}
    assert files == set(PAGES)
    assert [page for specs in sections().values() for page in specs] == list(PAGES.values())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_without_a_checkpoint_the_page_says_which_command_makes_one(page, folder, open_page, tmp_path):
    app = open_page(page, tmp_path / folder)
    assert not app.exception
    assert app.title[0].value == PAGES[page].question
    said = app.info[0].value
    assert "den train" in said and f"in `{tmp_path / folder}`" in said and "den app --checkpoints" in said


@pytest.mark.parametrize(
    ("page", "content"),
    [*((page, "{") for page in PAGES), *(("overview", text) for text in ("[]", '{"schema_version": 99}', "\x00\xff"))],
)
def test_a_broken_checkpoint_is_one_line_that_names_the_file(page, content, open_page, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "config.json").write_text(content)
    app = open_page(page, tmp_path)
    assert not app.exception
    assert len(app.error) == 1
    assert "config\\.json" in app.error[0].value
    assert "\n" not in app.error[0].value


@pytest.mark.parametrize("page", NEED_GALLERY)
def test_without_galleries_the_page_says_which_command_writes_them(page, open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    app = open_page(page, tmp_path)
    assert not app.exception
    assert f"den index {tmp_path / 'copy'}" in app.info[0].value


@pytest.mark.parametrize("page", NEED_GALLERY)
def test_a_damaged_gallery_is_one_line(page, open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    for file in (tmp_path / "copy" / "gallery").iterdir():
        file.write_bytes(b"not a table")
    app = open_page(page, tmp_path)
    assert not app.exception
    assert len(app.error) == 1 and "index again" in app.error[0].value


@pytest.mark.parametrize("page", ["overview", "trade_off", "looking"])
def test_without_metrics_the_page_says_which_command_measures(page, open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("metrics.json"))
    app = open_page(page, tmp_path)
    assert not app.exception
    assert f"den evaluate {tmp_path / 'copy'}" in app.info[0].value


@pytest.mark.parametrize("missing", ["metrics.json", "history.csv", "gallery", "model.safetensors"])
@pytest.mark.parametrize("page", PAGES)
def test_whatever_is_missing_every_page_has_a_state_for_it(page, missing, open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns(missing))
    app = open_page(page, tmp_path)
    assert not app.exception
    assert app.title[0].value == PAGES[page].question


@pytest.mark.parametrize("page", PAGES)
def test_with_a_trained_checkpoint_the_page_shows_a_result(page, open_trained):
    app = open_trained(page)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == PAGES[page].question


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_the_url_is_ignored(page, open_trained):
    app = open_trained(page, **NONSENSE)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == PAGES[page].question


@pytest.mark.parametrize("page", ["chosen_models", "right_and_wrong"])
def test_a_pattern_that_is_none_is_reported_in_one_line(page, open_trained):
    app = open_trained(page, structure="33.*")
    assert not app.exception
    assert len(app.error) == 1 and "expected digits" in app.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_data_set_that_is_not_installed_leaves_the_figures(page, open_page, tiny_checkpoint, tmp_path, rename_source):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    rename_source(tmp_path / "copy", "folder:/nowhere")
    app = open_page(page, tmp_path, picture="emoji:3")
    assert not app.exception
    assert app.title[0].value == PAGES[page].question


def test_a_picture_that_is_not_installed_is_a_frame_with_a_reason(
    open_page, tiny_checkpoint, tmp_path, rename_source, grid_tiles
):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    rename_source(tmp_path / "copy", "folder:/nowhere")
    app = open_page("right_and_wrong", tmp_path)
    tiles = grid_tiles(app, "right_images")
    assert tiles and not any(tile["src"] for tile in tiles)
    assert sum("nowhere" in info.value for info in app.info) == 1


def test_a_checkpoint_that_vanishes_is_reported_and_another_is_shown(open_page, tiny_checkpoint, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(tiny_checkpoint, tmp_path / name)
    app = open_page("level_usage", tmp_path, checkpoint="second")
    shutil.rmtree(tmp_path / "second")
    app.run()
    assert not app.exception
    assert "second" in app.warning[0].value and "first" in app.warning[0].value
    shutil.rmtree(tmp_path / "first")
    app.run()
    assert not app.exception
    assert "den train" in app.info[0].value


def test_a_checkpoint_that_appears_can_be_picked(open_page, tiny_checkpoint, tmp_path):
    app = open_page("overview", tmp_path)
    shutil.copytree(tiny_checkpoint, tmp_path / "new")
    app.run()
    assert not app.exception and not app.error
    assert app.sidebar.selectbox(key="checkpoint").options == ["new"]


def test_a_checkpoint_that_changes_is_read_again(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    app = open_page("overview", tmp_path)
    path = tmp_path / "copy" / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["instance_gain"]["average"] = 0.4321
    path.write_text(json.dumps(metrics))
    app.run()
    assert "+43.21" in [metric.value for metric in app.metric]


def test_a_link_to_a_checkpoint_that_is_not_here_says_so(open_page, tiny_checkpoint):
    app = open_page("overview", tiny_checkpoint.parent, checkpoint="somebody-elses")
    assert not app.exception
    assert "somebody" in app.warning[0].value
