"""The trade-off page and its cost weight."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from den_core.analysis.cost_weight import changed_images, measured_weights, weight_point
from den_core.analysis.tradeoff import operating_points
from den_core.checkpoints.gallery import read_gallery
from den_core.checkpoints.metrics import AVERAGE, TaskResult, read_metrics
from den_core.comparisons.measured import Measured, packed
from den_core.comparisons.options import Options, claim
from den_core.comparisons.table import table, write_table

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


@pytest.fixture
def with_rivals(open_page, tiny_checkpoint, tmp_path):
    """Opens the page beside a small comparison; the argument is the table's text, or None for a sound one."""
    hits = np.array([True, False])
    parts = [
        Measured(
            method=method, seed=seed, split="test", tasks={"toy": TaskResult(2, 0.5, 0.5, macs, 5.0, 1)},
            right={"toy": packed(hits)}, weights=1_000_000, training_macs=2e12, image_runs=3_000, minutes=4.0,
        )
        for method, macs in (("den", 1e7), ("separate", 3e7)) for seed in (0, 1)
    ]  # fmt: skip

    def with_rivals(text: str | None = None):
        shutil.copytree(tiny_checkpoint, tmp_path / tiny_checkpoint.name)
        folder = tmp_path / "comparisons" / "toy"
        claim(folder, Options(scenario="open3", backbone="wrn-14-1", steps=9, share=0.4, rate=1.0, limit=None))
        write_table(folder, table(parts, "den"))
        if text is not None:
            (folder / "comparison.csv").write_text(text)
        return open_page("trade_off", tmp_path, checkpoint=tiny_checkpoint.name)

    return with_rivals


def test_other_methods_stand_beside_it(with_rivals):
    app = with_rivals()

    assert not app.exception and not app.error
    assert app.selectbox(key="rivals").options == ["open3 on wrn-14-1"]
    shown = next(frame.value for frame in app.dataframe if "Method" in frame.value)
    assert shown["Method"].tolist() == ["Deep elastic network", "Separate networks (Baseline)"]
    assert shown["Mean MACs (millions)"].tolist() == [10, 30]


def test_without_a_comparison_nothing_is_said_of_other_methods(open_trained):
    assert not [title for title in open_trained("trade_off").subheader if "other methods" in title.value]


@pytest.mark.parametrize("text", ["", "method\nden\n", "a,b\n1,2,3\n", "\x00"])
def test_a_damaged_comparison_is_one_line(text, with_rivals):
    app = with_rivals(text)

    assert not app.exception and len(app.error) == 1
    assert "comparison" in app.error[0].value and "den compare" in app.error[0].value
