"""The landing page, and that it does without torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest


def _copy(tiny_checkpoint, tmp_path, without: str = ""):
    return shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns(without))


def _tables(app) -> list[list[str]]:
    return [list(table.value.columns) for table in app.table]


def test_it_shows_the_measured_accuracy_beside_its_controls(open_trained, tiny_checkpoint):
    metrics = json.loads((tiny_checkpoint / "metrics.json").read_text())
    points = {point["method"]: point["average"]["accuracy"] for point in metrics["operating_points"]}
    results = open_trained("overview").table[0].value
    average = results[results["Task"] == "Average over tasks"].iloc[0]
    assert average["Own choice"] == f"{100 * points['chosen']:.1f} %"
    assert average["Permuted"] == f"{100 * points['permuted']:.1f} %"
    assert average["Full model"] == f"{100 * points['full']:.1f} %"


def test_it_says_where_the_checkpoint_comes_from_and_what_it_is_made_of(open_trained, tiny_checkpoint):
    config = json.loads((tiny_checkpoint / "config.json").read_text())
    app = open_trained("overview")
    values = {tuple(row) for table in app.table for row in table.value.astype(str).itertuples(index=False)}
    assert ("Recipe", "tiny") in values
    assert ("Commit", config["provenance"]["commit"][:12]) in values
    assert ("Seed", "0") in values
    cells = {cell for row in values for cell in row}
    assert {"model.safetensors", "gallery/fashion.parquet", "history.csv"} <= cells
    assert config["provenance"]["data_sha256"]["fashion"] in cells


def test_it_leads_to_the_tour_and_to_other_pages(open_trained):
    links = [element.proto.page for element in open_trained("overview").get("page_link")]
    assert links[0].endswith("guide")
    assert len(links) > 4


def test_without_metrics_the_rest_is_shown(open_page, tiny_checkpoint, tmp_path):
    _copy(tiny_checkpoint, tmp_path, "metrics.json")
    app = open_page("overview", tmp_path)
    assert not app.exception and not app.error
    assert f"den evaluate {tmp_path / 'copy'}" in app.info[0].value
    assert ["Fact", "Value"] in _tables(app)


def test_without_galleries_it_names_the_tasks_and_the_command(open_page, tiny_checkpoint, tmp_path):
    _copy(tiny_checkpoint, tmp_path, "emoji.parquet")
    app = open_page("overview", tmp_path)
    assert "Emoji" in app.info[0].value and "Fashion" not in app.info[0].value
    assert f"den index {tmp_path / 'copy'}" in app.info[0].value


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "[]",
        '{"schema_version": 1}',
        {"operating_points": 3},
        {"operating_points": [{"method": "chosen"}]},
        {"operating_points": [{"method": "chosen", "tasks": {"fashion": {}}, "average": {}}]},
        {"instance_gain": None},
    ],
)
def test_damaged_metrics_are_one_line_and_the_rest_is_shown(damage, open_page, tiny_checkpoint, tmp_path):
    path = _copy(tiny_checkpoint, tmp_path) / "metrics.json"
    path.write_text(damage if isinstance(damage, str) else json.dumps(json.loads(path.read_text()) | damage))
    app = open_page("overview", tmp_path)
    assert not app.exception
    assert len(app.error) == 1 and "\n" not in app.error[0].value
    assert ["Fact", "Value"] in _tables(app)


def test_a_checkpoint_that_says_nothing_of_itself_is_shown(open_page, tiny_checkpoint, tmp_path):
    path = _copy(tiny_checkpoint, tmp_path) / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"recipe": {}, "provenance": {}}))
    app = open_page("overview", tmp_path)
    assert not app.exception and not app.error


def test_the_landing_page_does_not_import_torch(tiny_checkpoint, repository):
    """Torch takes seconds to import: a visitor of a cold server would look at nothing."""
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(repository / 'app' / 'main.py')!r}, default_timeout=60).run()\n"
        "assert not app.exception and not app.error and app.table, app\n"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {"DEN_CHECKPOINTS": str(tiny_checkpoint.parent), "PATH": "", "HOME": str(tiny_checkpoint)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=repository, capture_output=True, text=True
    )
    assert result.returncode == 0, "torch was imported" + result.stderr[-2000:]
