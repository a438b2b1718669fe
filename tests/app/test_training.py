"""The course of training."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest


@pytest.fixture
def copy(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint, tmp_path / "copy")


def test_it_shows_curves_turns_and_settings(open_trained, tiny_checkpoint):
    app = open_trained("training")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 1
    turns = app.dataframe[0].value
    assert set(turns["Network that learns"]) == {"estimator", "selector"}
    history = pd.read_csv(tiny_checkpoint / "history.csv")
    assert turns["Images seen"].sum() == history["images_seen"].iloc[-1]
    settings = app.dataframe[1].value.set_index("Setting")["Value"]
    assert settings["training.estimator.first_steps"] == "6"


def test_without_a_history_it_says_where_one_comes_from_and_shows_the_recipe(open_page, copy, tmp_path):
    (copy / "history.csv").unlink()
    app = open_page("training", tmp_path)
    assert not app.exception and not app.error
    assert "history.csv" in app.info[0].value
    assert any("tiny" in text.value for text in app.markdown)


def test_a_history_of_one_row_is_shown(open_page, copy, tmp_path):
    pd.read_csv(copy / "history.csv").head(1).to_csv(copy / "history.csv", index=False)
    app = open_page("training", tmp_path)
    assert not app.exception and not app.error
    assert "one row" in app.info[0].value


def test_a_history_without_rows_is_a_run_that_has_only_begun(open_page, copy, tmp_path):
    pd.read_csv(copy / "history.csv").head(0).to_csv(copy / "history.csv", index=False)
    app = open_page("training", tmp_path)
    assert not app.exception and not app.error
    assert "only begun" in app.info[0].value


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "step,round\n1\n1,2,3\n", "\x00\x01"])
def test_a_damaged_history_is_one_line_and_the_recipe_is_shown(text, open_page, copy, tmp_path):
    (copy / "history.csv").write_text(text)
    app = open_page("training", tmp_path)
    assert not app.exception
    assert len(app.error) == 1 and "history" in app.error[0].value
    assert any(header.value == "Recipe" for header in app.subheader)


def test_words_where_numbers_belong_are_one_line(open_page, copy, tmp_path):
    pd.read_csv(copy / "history.csv").assign(validation_by_task="x=high").to_csv(copy / "history.csv", index=False)
    app = open_page("training", tmp_path)
    assert not app.exception
    assert len(app.error) == 1 and "validation" in app.error[0].value


def test_a_checkpoint_without_a_recipe_says_so(open_page, copy, tmp_path):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"recipe": {}}))
    app = open_page("training", tmp_path)
    assert not app.exception and not app.error
    assert any("does not say" in info.value for info in app.info)
