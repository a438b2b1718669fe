"""The page Which models are chosen?"""

from __future__ import annotations

import shutil

import pytest
from reduced_galleries import first_image

import den_core.checkpoints.gallery
from app.pages import PAGES
from den_core.analysis.chosen import structures_in_use, structures_of_tasks
from den_core.analysis.slices import matches
from den_core.checkpoints.folder import read_config
from den_core.checkpoints.gallery import read_gallery


@pytest.fixture
def tables(tiny_checkpoint):
    """The structures in use by task."""
    tasks = [task.name for task in read_config(tiny_checkpoint).network.tasks]
    return {task: structures_in_use(read_gallery(tiny_checkpoint, task)) for task in tasks}


def _texts(app) -> str:
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


def test_all_structures_are_counted(open_trained, tables):
    app = open_trained("chosen_models")
    assert not app.exception and not app.error
    assert app.title[0].value == PAGES["chosen_models"].question
    table = structures_of_tasks(tables)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Images"] == f"{table['images'].sum():,}"
    assert shown["Structures"] == f"{len(table):,}"
    assert "80 % of the images" in _texts(app)


def test_one_task_alone(open_trained, tables, tiny_checkpoint):
    task = read_config(tiny_checkpoint).network.tasks[1]
    app = open_trained("chosen_models", scope=task.label)
    assert not app.exception
    assert app.metric[1].value == f"{len(tables[task.name]):,}"


def test_a_pattern_lists_the_structures_and_images_that_fit(open_trained, tables):
    table = structures_of_tasks(tables)
    pattern = table["structure"].iloc[0][:1] + "*"
    fits = table[matches(table["structure"], pattern)]
    app = open_trained("chosen_models", structure=pattern)
    assert not app.exception
    assert app.dataframe[0].value["Structure"].tolist() == fits["structure"].tolist()[:25]
    assert f"Images that chose** `{pattern}` · {fits['images'].sum():,} images" in _texts(app)


def test_the_table_holds_barcodes_and_prices_of_every_task(open_trained, tables, tiny_checkpoint):
    shown = open_trained("chosen_models").dataframe[0].value
    table = structures_of_tasks(tables)
    assert shown["Blocks"].str.startswith("data:image/svg+xml").all()
    for task in read_config(tiny_checkpoint).network.tasks:
        expected = table[f"macs:{task.name}"].head(len(shown)) / 1e6
        assert shown[f"{task.label}: MACs (M)"].tolist() == pytest.approx(expected.tolist(), nan_ok=True)


def test_a_structure_of_the_url_has_its_images_listed(open_trained, grid_tiles, tables):
    table = structures_of_tasks(tables)
    picked = table["structure"].iloc[-1]
    app = open_trained("chosen_models", picked=picked)
    assert not app.exception
    count = int(table["images"].iloc[-1])
    assert f"Images that chose** `{picked}` · {count:,} image" in _texts(app)
    tiles = grid_tiles(app, "chosen_images")
    assert {"".join(map(str, tile["strip"])) for tile in tiles} == {picked}
    next(button for button in app.button if "all structures" in button.label).click().run()
    assert "Images of all these structures" in _texts(app)


def test_a_pattern_that_nothing_fits_says_how_long_structures_are(open_trained, tables):
    app = open_trained("chosen_models", structure="7?")
    assert not app.exception and not app.error
    length = len(next(iter(tables.values()))["structure"].iloc[0])
    assert any(f"{length} digits" in info.value for info in app.info)


def test_a_pattern_that_is_none_is_one_line_and_the_rest_of_the_page_stays(open_trained):
    app = open_trained("chosen_models", structure="abc")
    assert not app.exception
    assert len(app.error) == 1 and "abc" in app.error[0].value
    assert any(text.value.startswith("##### ") for text in app.markdown)


def test_nonsense_in_the_url_is_ignored(open_trained):
    app = open_trained("chosen_models", picked="zzz", scope="?")
    assert not app.exception and not app.error


def test_the_most_chosen_structures_come_with_images_that_chose_them(open_trained, grid_tiles, tables):
    task, table = next(iter(tables.items()))
    app = open_trained("chosen_models")
    tiles = grid_tiles(app, f"chosen_card_{task}_1")
    assert len(tiles) == min(8, table["images"].iloc[0])
    assert {"".join(map(str, tile["strip"])) for tile in tiles} == {table["structure"].iloc[0]}


def test_one_image_is_enough(open_page, tiny_checkpoint, tmp_path, monkeypatch):
    shutil.copytree(tiny_checkpoint, tmp_path / "one")
    monkeypatch.setattr(
        den_core.checkpoints.gallery, "read_gallery", lambda folder, task: first_image(read_gallery(folder, task))
    )
    app = open_page("chosen_models", tmp_path)
    assert not app.exception and not app.error
    assert app.metric[0].value == str(len(read_config(tiny_checkpoint).network.tasks))
