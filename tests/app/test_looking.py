"""The page Does looking at the image pay?"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from looking_metrics import curve_row, differences, new_fields, table, texts, verdict
from reduced_galleries import first_image, without_tried

import den_core.checkpoints.gallery
from app.pages import PAGES
from app.views.looking.trainings import seeds_table
from den_core.analysis.benefit import benefit, most_helped, most_hurt, summary
from den_core.checkpoints.gallery import read_gallery
from den_core.methods import METHODS

SWEEP = ("rho_sweep", "rho_sweep_split", "rho_sweep_estimator")
NEW = ("static_lead", "twin_lead", "choice", "by_cost_weight", *SWEEP, "seeds")
CURVES, SPREAD, BASELINE = "looking_curves", "looking_difference_curves", METHODS["baseline"].name


@pytest.fixture
def old(with_metrics, tiny_checkpoint):
    """Opens a page with metrics from before intervals were measured."""

    def old(page: str = "looking", **query):
        metrics = json.loads((tiny_checkpoint / "metrics.json").read_text())
        gain = {name: part for name, part in metrics["instance_gain"].items() if name != "intervals"}
        points = [point for point in metrics["operating_points"] if point["method"] != "baseline"]
        fields = dict.fromkeys(NEW) | {"instance_gain": gain, "operating_points": points}
        return with_metrics(page, query, **fields)

    return old


def _charts(app) -> str:
    return " ".join(chart.proto.id for chart in app.get("plotly_chart"))


def _says_old(app) -> bool:
    """Whether the page says that the metrics lack intervals; it may say as well that no image is helped or hurt."""
    return any("lack intervals" in info.value for info in app.info)


def _headings(app) -> list[str]:
    return [heading.value for heading in app.subheader]


def test_a_real_evaluation_shows_every_section_that_it_measures(open_trained):
    app = open_trained("looking")
    assert not app.exception and not app.error and not _says_old(app)
    assert app.title[0].value == PAGES["looking"].question
    assert all(key in _charts(app) for key in ("looking_differences", CURVES, SPREAD, "looking_benefit"))
    assert "How much does the choice differ?" in _headings(app)


def test_everything_that_was_measured_is_shown(with_metrics):
    app = with_metrics(**new_fields())
    assert not app.exception and not app.error and not _says_old(app)
    assert all(key in _charts(app) for key in ("looking_differences", CURVES, SPREAD, "looking_rho"))
    assert "beats the best static structure is not shown" in texts(app) and "**+2.00 points**" in texts(app)
    assert "(95 % interval +1.00 to +3.00)" in texts(app)
    assert "validation split" in texts(app)
    assert "0.321" in table(app, "Normalised entropy")
    assert table(app, "Gain") == ["+2.00", "+2.00", "+2.00", "0.00"], "two seeds, mean and spread"


def test_the_verdict_names_the_images(with_metrics, tiny_checkpoint):
    metrics = json.loads((tiny_checkpoint / "metrics.json").read_text())
    chosen = next(point for point in metrics["operating_points"] if point["method"] == "chosen")
    images = sum(part["images"] for part in chosen["tasks"].values())
    assert f"Measured on {int(images):,} images of the test split" in texts(with_metrics(**new_fields()))


@pytest.mark.parametrize(
    ("gain", "words", "not_words"),
    [
        ((0.012, 0.004, 0.02), ["Yes", "worth **+1.20 points**", "+0.40 to +2.00", "shown to pay for Toy, Wide"], []),
        ((0.012, -0.004, 0.03), ["Not shown to pay", "includes zero", "not shown to pay for Toy, Wide"], ["Yes"]),
        ((-0.002, -0.01, 0.006), ["Not shown to pay", "costs **0.20 points**"], ["Yes", "worth"]),
        ((-0.012, -0.02, -0.004), ["No, looking costs", "costs **1.20 points**", "-2.00 to -0.40"], ["worth"]),
        ((0.012, np.nan, np.nan), ["was not measured", "worth **+1.20 points**"], ["95 %", "Task by task"]),
    ],
)
def test_the_verdict_says_what_the_interval_says(gain, words, not_words):
    text = verdict(gain, None)
    assert all(word in text for word in words), text
    assert not any(word in text for word in not_words), text


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        ((0.01, 0.004, 0.02), "ahead by **1.00 points**"),
        ((0.01, -0.004, 0.02), "neither is shown to be better: **+1.00 points**"),
        ((-0.01, -0.02, -0.004), "behind by **1.00 points** (95 % interval -2.00 to -0.40)"),
        ((-0.01, np.nan, np.nan), "the difference is **-1.00 points**."),
    ],
)
def test_the_lead_over_the_best_static_structure_is_reported_too(lead, words):
    assert words in verdict((0.01, 0.0, 0.02), lead)


@pytest.mark.parametrize(
    ("lead", "answer"),
    [
        ((0.01, 0.004, 0.02), "Yes, looking pays"),
        ((0.01, -0.004, 0.02), "that it beats the best static structure is not shown"),
        ((-0.01, -0.02, -0.004), "not enough"),
    ],
)
def test_the_answer_is_yes_only_where_both_controls_are_beaten(lead, answer):
    assert verdict((0.01, 0.005, 0.02), lead).startswith("**")
    assert answer in verdict((0.01, 0.005, 0.02), lead).split(".**")[0]


def test_one_task_is_no_average():
    text = verdict((0.01, 0.005, 0.02), None, {"toy": "My *task*"})
    assert "For My \\*task\\* the choice" in text and "Task by task" not in text


def test_old_metrics_show_what_there_is_and_which_command_measures_the_rest(old, tmp_path):
    app = old()
    assert not app.exception and not app.error
    assert f"den evaluate {tmp_path / 'copy'} --write" in app.info[0].value
    assert "lack intervals" in app.info[0].value
    assert "How sure this is was not measured" in texts(app)
    assert "looking_differences" in _charts(app) and "looking_benefit" in _charts(app)
    assert CURVES not in _charts(app) and "looking_rho" not in _charts(app)


@pytest.mark.parametrize("page", ["trade_off", "overview", "guide"])
def test_other_pages_show_old_metrics_as_before(page, old):
    app = old(page, **({"step": "5"} if page == "guide" else {}))
    assert not app.exception and not app.error
    assert "gain_intervals" not in _charts(app) and "95 % interval" not in texts(app)


def test_the_tour_tells_how_sure_the_gain_is(with_metrics):
    app = with_metrics("guide", {"step": "5"}, instance_gain=differences(0.02, 0.03))
    assert "-1.00 to +5.00 points: zero is inside" in texts(app)


def _with_baseline(checkpoint) -> list[dict]:
    points = json.loads((checkpoint / "metrics.json").read_text())["operating_points"]
    points = [point for point in points if point["method"] != "baseline"]
    full = next(point for point in points if point["method"] == "full")
    return [*points, full | {"method": "baseline"}]


def test_separate_networks_are_shown_where_they_were_measured(with_metrics, old, tiny_checkpoint):
    points = _with_baseline(tiny_checkpoint)
    assert BASELINE in texts(with_metrics(**new_fields() | {"operating_points": points}))
    assert BASELINE in texts(with_metrics("trade_off", operating_points=points))
    assert METHODS["baseline"].short in with_metrics("overview", operating_points=points).table[0].value.columns
    assert BASELINE not in texts(old())


@pytest.mark.parametrize("scope", ["Emoji", "All tasks", "nothing"])
def test_the_curves_are_those_of_the_scope(scope, with_metrics):
    app = with_metrics(query={"scope": scope}, **new_fields())
    assert not app.exception and not app.error
    expected = "images. Up is more accurate" if scope == "Emoji" else "Mean over tasks, test split. Up"
    assert expected in texts(app)


@pytest.mark.parametrize(
    "broken",
    [
        {"instance_gain": differences(0.02, 0.01) | {"intervals": {"fashion": [0, 1]}}},
        {"static_lead": {"tasks": {"fashion": 0.1}, "average": 0.1}},
        {"twin_lead": {"tasks": {"fashion": 0.1}, "average": 0.1}},
        {"by_cost_weight": [curve_row(3.0, 2e6)]},
        {"by_cost_weight": "many"},
        {"choice": {"tasks": {}}},
        {"rho_sweep": [{"rho": 1}]},
        {"seeds": [0, 1]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_malformed_metrics_are_one_line_and_the_images_stay(broken, with_metrics):
    app = with_metrics(**new_fields() | broken)
    assert not app.exception
    assert len(app.error) == 1
    assert "metrics\\.json" in app.error[0].value and "\n" not in app.error[0].value
    assert "looking_benefit" in _charts(app)


def test_without_galleries_the_measured_part_is_shown(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("gallery"))
    app = open_page("looking", tmp_path)
    assert not app.exception and not app.error
    assert any(f"den index {tmp_path / 'copy'}" in info.value for info in app.info)
    assert "looking_differences" in _charts(app)


def test_without_metrics_the_images_are_shown(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy", ignore=shutil.ignore_patterns("metrics.json"))
    app = open_page("looking", tmp_path)
    assert not app.exception and not app.error
    assert f"den evaluate {tmp_path / 'copy'} --write" in app.info[0].value
    assert _headings(app) == ["For which images does the choice matter?"]


def test_a_damaged_gallery_leaves_the_measured_part(open_page, tiny_checkpoint, tmp_path):
    shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (tmp_path / "copy" / "gallery" / "emoji.parquet").write_bytes(b"not a table")
    app = open_page("looking", tmp_path, task="Emoji")
    assert not app.exception
    assert len(app.error) == 1 and "index again" in app.error[0].value
    assert "looking_differences" in _charts(app) and "looking_benefit" not in _charts(app)


@pytest.fixture
def alternating(monkeypatch):
    """Every second image gets the first tried structure and the others the last, with answers that differ."""
    read = den_core.checkpoints.gallery.read_gallery

    def change(folder, task):
        found = read(folder, task)
        N, first = len(found), np.arange(len(found)) % 2 == 0
        own = np.where(first, 0, len(found.tried) - 1)
        probability = np.random.default_rng(0).random(found.tried_probability.shape).astype(np.float32)
        right = probability > 0.5
        picked = (np.arange(N), own)
        frame = found.frame.assign(
            structure=np.asarray(found.tried, dtype=object)[own],
            label_probability=probability[picked],
            correct=right[picked],
        )
        changed = {"frame": frame, "tried_probability": probability, "tried_correct": right}
        return den_core.checkpoints.gallery.Gallery(**{name: getattr(found, name) for name in vars(found)} | changed)

    monkeypatch.setattr(den_core.checkpoints.gallery, "read_gallery", change)
    return change


def test_the_images_that_were_helped_and_hurt_come_most_first(with_metrics, alternating, grid_tiles, tiny_checkpoint):
    app = with_metrics(**new_fields(), query={"task": "Emoji"})
    assert not app.exception and not app.error
    found = benefit(alternating(tiny_checkpoint, "emoji"))
    for key, rows in (("looking_helped", most_helped(found)), ("looking_hurt", most_hurt(found))):
        tiles = grid_tiles(app, key)
        assert [tile["id"] for tile in tiles] == [f"emoji:{row}" for row in rows[:12]]
        own, others = tiles[0]["lines"][-2:]
        assert own == f"own {100 * found.own[rows[0]]:.0f} %"
        assert others == f"others {100 * found.others[rows[0]]:.0f} %"
    total = summary(found)
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Helped"], shown["Hurt"]) == (f"{total.helped:,}", f"{total.hurt:,}")
    assert shown["Mean benefit"] == f"{100 * total.mean:+.2f}"
    assert "They cover 100.0 % of the task's choices" in texts(app)


def test_a_class_narrows_the_images(with_metrics, alternating, tiny_checkpoint):
    from den_core.checkpoints.folder import read_config

    task = read_config(tiny_checkpoint).network.tasks[0]
    label = int(read_gallery(tiny_checkpoint, task.name).frame["label"].iat[0])
    images = int((alternating(tiny_checkpoint, task.name).frame["label"] == label).sum())
    app = with_metrics(query={"class": task.class_names[label]}, **new_fields())
    assert {metric.label: metric.value for metric in app.metric}["Images"] == f"{images:,}"


@pytest.mark.parametrize(
    ("change", "words"), [(without_tried, "Index them again"), (first_image, "Nothing to compare")]
)
def test_where_nothing_can_be_compared_the_page_says_why(change, words, with_metrics, monkeypatch):
    read = den_core.checkpoints.gallery.read_gallery
    monkeypatch.setattr(den_core.checkpoints.gallery, "read_gallery", lambda folder, task: change(read(folder, task)))
    app = with_metrics(**new_fields())
    assert not app.exception and not app.error
    assert len(app.info) == 1 and words in app.info[0].value
    assert "looking_benefit" not in _charts(app)


def test_one_seed_has_no_spread():
    row = {"seed": 3, "chosen": 0.6, "permuted": 0.5, "static": 0.5, "random": 0.4, "full": 0.6, "mean_macs": 4e6}
    table = seeds_table(pd.DataFrame([row | {"gain": 0.1, "lead": -0.1, "twin": np.nan}]))
    assert table["Seed"].tolist() == ["3"]
    assert table["Lead"].tolist() == ["-10.00"] and table["Own choice"].tolist() == ["60.00"]
