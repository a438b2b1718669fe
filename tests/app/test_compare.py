"""Two checkpoints side by side."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from den_core.analysis.comparison import compare
from den_core.checkpoints.gallery import read_gallery

COLUMNS = ("prediction", "correct", "confidence", "structure", "macs", "params", "distribution")


def _permute(folder, task: str, seed: int = 0) -> None:
    """Permute among the images what the network did with them: a second network with real contents."""
    path = folder / "gallery" / f"{task}.parquet"
    table = pq.read_table(path)
    order = pa.array(np.random.default_rng(seed).permutation(len(table)))
    columns = {
        name: column.combine_chunks().take(order) if name in COLUMNS else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    columns["correct"] = pa.array(np.asarray(columns["prediction"]) == np.asarray(columns["label"]))
    pq.write_table(pa.table(columns).replace_schema_metadata(table.schema.metadata), path)


@pytest.fixture
def pair(tiny_checkpoint, tmp_path):
    """A folder with the tiny checkpoint as `first` and a permuted copy as `second`."""
    shutil.copytree(tiny_checkpoint, tmp_path / "first")
    second = shutil.copytree(tiny_checkpoint, tmp_path / "second")
    for task in ("fashion", "emoji", "clipart"):
        _permute(second, task)
    return tmp_path


def _heading(app) -> str:
    return next(text.value for text in app.markdown if text.value.startswith("**Images**"))


def test_one_checkpoint_alone_says_how_to_get_another(open_trained):
    app = open_trained("compare")
    assert not app.exception and not app.error
    assert "den train" in app.info[0].value


def test_it_shows_both_accuracies_on_matched_images(open_page, pair):
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception and not app.error
    table = app.dataframe[0].value.set_index("title")
    expected = compare(read_gallery(pair / "first", "emoji"), read_gallery(pair / "second", "emoji"))
    assert table["images"]["Emoji"] == len(expected.images)
    assert table["other_accuracy"]["Emoji"] == pytest.approx(expected.accuracies[1])
    assert table["p_value"]["Emoji"] == pytest.approx(expected.p_value)


def test_a_cell_of_the_table_is_a_link_to_its_images(open_page, pair, grid_tiles):
    app = open_page("compare", pair, checkpoint="first", task="Fashion", outcome="Both wrong ✗✗")
    expected = compare(read_gallery(pair / "first", "fashion"), read_gallery(pair / "second", "fashion"))
    count = expected.counts["neither"]
    assert f"· {count:,} image" in _heading(app)
    chosen = expected.images[expected.images["outcome"] == "neither"].sort_values("distance", ascending=False)
    assert grid_tiles(app, "compare-images")[0]["id"] == f"fashion:{chosen['row'].iloc[0]}"


def test_a_bar_of_the_histogram_is_a_link_to_its_images(open_page, pair):
    app = open_page("compare", pair, checkpoint="first", task="Fashion", difference="0_0")
    expected = compare(read_gallery(pair / "first", "fashion"), read_gallery(pair / "second", "fashion"))
    assert f"· {int((expected.images['macs_difference'] == 0).sum()):,} image" in _heading(app)
    both = open_page("compare", pair, checkpoint="first", task="Fashion", difference="0_0", outcome="Both wrong ✗✗")
    wrong = (expected.images["outcome"] == "neither") & (expected.images["macs_difference"] == 0)
    assert not both.exception and f"· {int(wrong.sum()):,} image" in _heading(both)
    app.button(key="forget_bin").click().run()
    assert f"· {len(expected.images):,} images" in _heading(app)


@pytest.mark.parametrize("query", [{"difference": "x"}, {"other": "../../etc"}, {"other": "first"}, {"outcome": "%"}])
def test_nonsense_in_the_link_is_ignored(query, open_page, pair):
    app = open_page("compare", pair, checkpoint="first", **query)
    assert not app.exception and not app.error
    assert app.selectbox(key="other").value == "second"


def test_networks_that_share_no_task_are_refused(open_page, pair):
    path = pair / "second" / "config.json"
    config = json.loads(path.read_text())
    for task in config["network"]["tasks"]:
        task["name"] = f"my{task['name']}"
    path.write_text(json.dumps(config))
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception
    assert not app.error, app.error
    assert "share no task" in app.info[0].value


def test_other_data_are_refused_task_by_task(open_page, pair, rename_source):
    rename_source(pair / "second", "folder:/elsewhere")
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception
    assert len(app.warning) == 3 and all("same data" in warning.value for warning in app.warning)


def test_other_blocks_leave_predictions_and_macs(open_page, pair):
    for task in ("fashion", "emoji", "clipart"):
        _drop_a_block(pair / "second" / "gallery" / f"{task}.parquet")
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception and not app.error
    assert any("different blocks" in info.value for info in app.info)
    assert app.segmented_control(key="order").options == ["Most MACs saved first", "Order of the data"]


def _drop_a_block(path) -> None:
    """A gallery of a network with one block less."""
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"den"])
    n, h = about["num_blocks"], about["num_levels"]
    flat = table.column("distribution").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    cut = flat.reshape(len(table), n, h)[:, 1:].reshape(-1)
    columns = {name: table.column(name) for name in table.column_names}
    columns["distribution"] = pa.FixedSizeListArray.from_arrays(pa.array(cut), (n - 1) * h)
    columns["structure"] = pa.array([key[1:] for key in table.column("structure").to_pylist()])
    about |= {"num_blocks": n - 1, "block_macs": about["block_macs"][1:], "tried": [key[1:] for key in about["tried"]]}
    pq.write_table(pa.table(columns).replace_schema_metadata({"den": json.dumps(about)}), path)


def test_a_second_one_that_is_broken_or_not_indexed_is_reported(open_page, pair):
    shutil.rmtree(pair / "second" / "gallery")
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception
    assert any(f"den index {pair / 'second'}" in info.value for info in app.info)
    (pair / "second" / "config.json").write_text("{")
    app = open_page("compare", pair, checkpoint="first")
    assert not app.exception
    assert len(app.error) == 1 and "second" in app.error[0].value
