"""The trade-off page and its cost weight."""

from __future__ import annotations

import json
import shutil

import pytest

from den_core.analysis.cost_weight import changed_images, measured_weights, weight_point
from den_core.analysis.tradeoff import operating_points
from den_core.checkpoints.gallery import read_gallery
from den_core.checkpoints.metrics import AVERAGE, read_metrics

TASKS = ("fashion", "emoji", "clipart")


@pytest.fixture(scope="module")
def points(tiny_checkpoint):
    return operating_points(read_metrics(tiny_checkpoint))


@pytest.fixture(scope="module")
def saving(points) -> float:
    """The largest measured cost weight."""
    return measured_weights(points)[-1]


def _values(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric if metric.value.endswith(("%", "M"))}


def test_it_opens_at_the_networks_own_choice(open_trained, points):
    app = open_trained("trade_off")
    assert not app.exception and not app.error
    own = points[(points["method"] == "chosen") & (points["task"] == AVERAGE)].iloc[0]
    assert _values(app)["Average"] == f"{100 * own['accuracy']:.1f} %"


def test_a_link_sets_the_cost_weight(open_trained, points, saving):
    app = open_trained("trade_off", weight=f"{saving:.4g}")
    assert app.select_slider(key="weight").value == saving
    there = points[(points["parameter"] == saving) & (points["method"] == "cost_weight")].set_index("task")
    assert _values(app)["Average"] == f"{100 * there['accuracy'][AVERAGE]:.1f} %"


@pytest.mark.parametrize("weight", ["1e99", "nan", "abc", "0.123456"])
def test_a_weight_that_was_not_measured_is_ignored(weight, open_trained):
    app = open_trained("trade_off", weight=weight)
    assert not app.exception and not app.error
    assert app.select_slider(key="weight").value == 0


def test_the_images_that_change_are_those_of_the_galleries(open_trained, tiny_checkpoint, saving, grid_tiles):
    galleries = {task: read_gallery(tiny_checkpoint, task) for task in TASKS}
    expected = {task: changed_images(found, weight_point(found, saving)) for task, found in galleries.items()}
    app = open_trained("trade_off", weight=f"{saving:.4g}")
    heading = next(text.value for text in app.markdown if "run something else" in text.value)
    assert f"{sum(map(len, expected.values())):,} images" in heading
    first = expected["fashion"].iloc[0]
    tile = grid_tiles(app, "changed-images")[0]
    assert tile["id"] == f"fashion:{first['row']}"
    assert tile["lines"][:2] == [first["structure"], f"→ {first['structure_at_weight']}"]


def test_own_choice_takes_the_cost_weight_back(open_trained, saving):
    app = open_trained("trade_off", weight=f"{saving:.4g}")
    next(button for button in app.button if button.label == "Own choice").click().run()
    assert app.select_slider(key="weight").value == 0


def test_one_task_alone(open_trained, points, saving):
    app = open_trained("trade_off", weight=f"{saving:.4g}", scope="Emoji")
    assert not app.exception and not app.error
    heading = next(text.value for text in app.markdown if "run something else" in text.value)
    assert "Emoji" in heading and "Fashion" not in heading


def test_it_can_count_every_class_the_same(open_trained):
    app = open_trained("trade_off", mean="Every class counts the same")
    assert not app.exception
    assert app.segmented_control(key="mean").value == "class_accuracy"


def test_without_galleries_the_measured_part_is_shown(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    app = open_page("trade_off", tmp_path)
    assert not app.exception and not app.error
    assert any(f"den index {tmp_path / 'copy'}" in info.value for info in app.info)
    keys = " ".join(chart.proto.id for chart in app.get("plotly_chart"))
    assert "trade_off" in keys and "level_drift" not in keys


def test_metrics_without_a_dial_leave_the_page(open_page, tiny_checkpoint, tmp_path):
    path = shutil.copytree(tiny_checkpoint, tmp_path / "copy") / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["operating_points"] = [p for p in metrics["operating_points"] if p["method"] != "cost_weight"]
    path.write_text(json.dumps(metrics))
    app = open_page("trade_off", tmp_path, weight="3")
    assert not app.exception and not app.error
    assert not app.select_slider


def test_metrics_of_another_network_are_one_line(open_page, tiny_checkpoint, tmp_path):
    path = shutil.copytree(tiny_checkpoint, tmp_path / "copy") / "metrics.json"
    metrics = json.loads(path.read_text())
    for point in metrics["operating_points"]:
        point["tasks"]["digits"] = point["tasks"].pop("emoji")
    path.write_text(json.dumps(metrics))
    app = open_page("trade_off", tmp_path)
    assert not app.exception
    assert len(app.error) == 1 and "emoji" in app.error[0].value
