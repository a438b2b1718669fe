"""What one recipe reaches from several seeds, put together from folders that were trained and evaluated."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from den_core.analysis import instance_gain
from den_core.checkpoints.folder import CONFIG
from den_core.checkpoints.metrics import METRICS, read_metrics, write_metrics
from den_core.cli.main import main
from den_core.errors import CheckpointError, ConfigError
from den_core.experiments.seeds import collect


@pytest.fixture
def tiny_metrics(tiny_checkpoint):
    """What was measured of the really trained tiny network."""
    return read_metrics(tiny_checkpoint)


@pytest.fixture
def make(tiny_checkpoint, tmp_path):
    """Copies of the tiny checkpoint's config.json and metrics.json that differ in seed, accuracy and other fields."""

    def make(name: str, seed: int, better: float = 0.0, recipe: dict | None = None, twin: bool = False, **metrics):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(tiny_checkpoint / METRICS, folder)
        config = json.loads((tiny_checkpoint / CONFIG).read_text())
        config["recipe"] |= {"seed": seed} | (recipe or {})
        (folder / CONFIG).write_text(json.dumps(config))
        found = read_metrics(folder)
        own, *others = found.operating_points
        own = replace(own, average=replace(own.average, accuracy=own.average.accuracy + better))
        points = [own, *others] + ([replace(found.point("static"), method="twin")] if twin else [])
        write_metrics(folder, replace(found, **{"operating_points": tuple(points)} | metrics))
        return folder

    return make


def test_rows_are_those_of_the_folders_and_differences_their_own(make, tiny_metrics):
    rows = collect([make("a", 3), make("b", 1, better=0.01, twin=True)])

    own, other = (tiny_metrics.point(method).average.accuracy for method in ("chosen", "permuted"))
    assert [row.seed for row in rows] == [1, 3]
    assert rows[0].chosen == pytest.approx(own + 0.01) and rows[1].chosen == pytest.approx(own)
    assert rows[1].gain == pytest.approx(own - other) == pytest.approx(tiny_metrics.instance_gain.average)
    assert rows[1].lead == pytest.approx(tiny_metrics.static_lead.average)
    assert rows[0].twin == rows[0].lead and rows[1].twin is None
    assert rows[0].mean_macs == tiny_metrics.point("chosen").average.mean_macs


def test_the_table_has_mean_and_standard_deviation(make, capsys, tiny_metrics):
    assert main(["study", "seeds", str(make("a", 0)), str(make("b", 1, better=0.02))]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    own = 100 * tiny_metrics.point("chosen").average.accuracy
    column = lines[0].index("chosen")
    assert [line[0] for line in lines] == ["seed", "0", "1", "mean", "±"]
    found = [float(line[column]) for line in lines[1:]]
    np.testing.assert_allclose(found, [own, own + 2, own + 1, np.std([0, 2], ddof=1)], atol=0.006)


def test_what_is_stored_is_what_the_page_reads(make):
    first = make("a", 0, twin=True)
    before = read_metrics(first)

    assert main(["study", "seeds", str(first), str(make("b", 1)), "--write"]) == 0

    after = read_metrics(first)
    frame = instance_gain.seeds(after)
    assert frame["seed"].tolist() == [0, 1] and frame["twin"].isna().tolist() == [False, True]
    assert replace(after, seeds=()) == before


def test_without_write_nothing_is_stored(make):
    first = make("a", 0)
    before = (first / METRICS).read_bytes()

    assert main(["study", "seeds", str(first), str(make("b", 1))]) == 0

    assert (first / METRICS).read_bytes() == before


@pytest.mark.parametrize(
    "change, said",
    [
        ({"seed": 0}, "b: expected a seed of its own, found 0 again, as in .*a$"),
        ({"seed": 1, "recipe": {"data_seed": 5}}, "b: expected data_seed 0 as in .*a, found 5"),
        ({"seed": 1, "split": "validation"}, r"b: expected metrics of the test split .* found the validation split"),
    ],
    ids=["seed", "recipe", "split"],
)
def test_what_does_not_go_together_is_refused(change, said, make):
    with pytest.raises(ConfigError, match=said) as error:
        collect([make("a", 0), make("b", **change)])

    assert "\n" not in str(error.value)


def test_other_images_are_refused(make):
    folder = make("b", 1)
    own, *others = read_metrics(folder).operating_points
    tasks = own.tasks | {"emoji": replace(own.tasks["emoji"], images=7)}
    fewer = (replace(own, tasks=tasks), *others)
    write_metrics(folder, replace(read_metrics(folder), operating_points=fewer))

    with pytest.raises(ConfigError, match="emoji 60.* found .*emoji 7"):
        collect([make("a", 0), folder])


def test_a_folder_that_was_not_evaluated_is_refused_before_anything_is_stored(make, capsys):
    first, second = make("a", 0), make("b", 1)
    (second / METRICS).unlink()

    assert main(["study", "seeds", str(first), str(second), "--write"]) == 2

    assert f"{second / METRICS}, found none; `den evaluate {second} --write`" in capsys.readouterr().err
    assert read_metrics(first).seeds == ()


def test_metrics_without_a_control_are_refused_by_name(make, tiny_metrics):
    points = tuple(point for point in tiny_metrics.operating_points if point.method != "random")

    with pytest.raises(CheckpointError, match="b: expected an operating point 'random'"):
        collect([make("a", 0), make("b", 1, operating_points=points)])
