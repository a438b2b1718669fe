"""metrics.json: what is read is what was written, and what is malformed is named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from den_core.checkpoints.metrics import LATER_METRICS, METRICS, read_metrics, require_metrics, write_metrics
from den_core.errors import CheckpointError

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "checkpoints").glob(f"*/{METRICS}"))


@pytest.fixture
def folder(raw_metrics, tmp_path) -> Path:
    """A folder with the small metrics.json."""
    _write(tmp_path, raw_metrics)
    return tmp_path


def _write(folder: Path, raw: Any) -> None:
    (folder / METRICS).write_text(json.dumps(raw))


# ------------------------------------------------------------------ there and back


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_metrics_are_written_as_they_were_read(path, tmp_path):
    write_metrics(tmp_path, read_metrics(path.parent))

    assert (tmp_path / METRICS).read_bytes() == path.read_bytes()


def test_there_are_shipped_metrics():
    assert len(SHIPPED) == 3


def test_every_part_comes_back(folder, raw_metrics, tmp_path):
    metrics = read_metrics(folder)
    write_metrics(tmp_path, metrics)

    assert json.loads((tmp_path / METRICS).read_text()) == raw_metrics
    assert read_metrics(tmp_path) == metrics


def test_what_was_measured_now_comes_back(tiny_metrics, tmp_path):
    write_metrics(tmp_path, tiny_metrics)

    assert read_metrics(tmp_path) == tiny_metrics


def test_another_name_may_be_given(tiny_metrics, tmp_path):
    write_metrics(tmp_path, tiny_metrics, "other.json")

    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def test_a_folder_without_metrics_has_none(tmp_path):
    assert read_metrics(tmp_path) is None
    with pytest.raises(CheckpointError, match=f"{METRICS}, found none; .*evaluate .* --write"):
        require_metrics(tmp_path)


def test_metrics_from_before_a_field_was_there_are_read(raw_metrics, tmp_path):
    older = {name: value for name, value in raw_metrics.items() if name not in LATER_METRICS}
    del older["instance_gain"]["intervals"]
    _write(tmp_path, older)

    metrics = read_metrics(tmp_path)

    assert metrics.static_lead is metrics.twin_lead is metrics.choice is metrics.instance_gain.intervals is None
    assert metrics.by_cost_weight == ()
    write_metrics(tmp_path, metrics)
    assert json.loads((tmp_path / METRICS).read_text()) == older


def test_a_part_that_was_not_measured_stays_empty(raw_metrics, tmp_path):
    _write(tmp_path, raw_metrics | {"twin_lead": {}})

    metrics = read_metrics(tmp_path)
    write_metrics(tmp_path, metrics)

    assert metrics.twin_lead is None
    assert json.loads((tmp_path / METRICS).read_text())["twin_lead"] == {}


def test_a_field_of_another_version_is_kept(raw_metrics, tmp_path):
    more = {"laps": 3, "extra": [1]}
    _write(tmp_path, raw_metrics | more)

    metrics = read_metrics(tmp_path)
    write_metrics(tmp_path, metrics)

    assert metrics.extra == more
    assert json.loads((tmp_path / METRICS).read_text()) == raw_metrics | more


# ------------------------------------------------------------------ points and tasks


def test_points_are_found_by_method(folder):
    metrics = read_metrics(folder)

    assert metrics.point("static").structures == {"toy": "12", "wide": "01"}
    assert metrics.find_point("oracle") is None
    with pytest.raises(CheckpointError, match="'oracle'"):
        metrics.point("oracle")


def test_the_average_comes_after_the_tasks(folder):
    metrics = read_metrics(folder)

    assert metrics.tasks == ("toy", "wide")
    for found in (metrics.instance_gain.values, metrics.point("full").results, metrics.by_cost_weight[0].results):
        assert list(found) == ["toy", "wide", "average"]


def test_metrics_of_other_tasks_are_refused(folder):
    metrics = read_metrics(folder)

    metrics.check_tasks(["wide", "toy"])
    with pytest.raises(CheckpointError, match="expected the tasks toy, found toy, wide"):
        metrics.check_tasks(["toy"])


# ------------------------------------------------------------------ what is malformed

MISSING = object()
BROKEN = {
    "no split": ("split", MISSING, "missing field split"),
    "no schema": ("schema_version", MISSING, "missing field schema_version"),
    "a schema in words": ("schema_version", "x", "expected schema_version"),
    "a newer schema": ("schema_version", 2, "expected schema_version up to 1, found 2; update"),
    "a negative seed": ("seed", -1, "expected seed at least 0"),
    "more structures than images": ("distinct_per_600", 601, "distinct_per_600"),
    "points are an object": ("operating_points", {}, "expected operating_points"),
    "no points": ("operating_points", [], "at least one operating point"),
    "a point is a number": ("operating_points.1", 1, r"operating_points\[1\]: expected an object, found 1"),
    "no method": ("operating_points.1.method", MISSING, r"operating_points\[1\]: missing field method"),
    "a parameter in words": ("operating_points.0.parameter", "x", r"operating_points\[0\]: expected parameter"),
    "no number": ("operating_points.1.tasks.toy.mean_macs", MISSING, r"operating_points\[1\].tasks.toy: .* mean_macs"),
    "a number in words": ("operating_points.1.tasks.toy.mean_macs", "1", r"\[1\].tasks.toy: expected mean_macs"),
    "a number is true": ("operating_points.1.average.accuracy", True, r"operating_points\[1\].average: .* accuracy"),
    "half an image": ("operating_points.1.tasks.toy.images", 9.5, r"operating_points\[1\].tasks.toy: .* images"),
    "negative MACs": ("operating_points.1.average.mean_macs", -1.0, "mean_macs at least 0"),
    "a point without a task": ("operating_points.2.tasks.wide", MISSING, r"operating_points\[2\]: expected the tasks"),
    "an unknown number": ("operating_points.1.average.luck", 1, r"operating_points\[1\].average: unknown field luck"),
    "a structure is a number": ("operating_points.1.structures.toy", 12, r"\[1\]: expected structures\['toy'\]"),
    "a twin without average": ("twin_lead.average", MISSING, "twin_lead: missing field average"),
    "a twin in percent": ("twin_lead.tasks.toy", 12.5, r"twin_lead: expected tasks\['toy'\] at least -1"),
    "a gain without a task": ("instance_gain.tasks.wide", MISSING, "instance_gain: expected"),
    "tasks are a list": ("instance_gain.tasks", [0.1], "instance_gain: expected tasks of type dict"),
    "gain is a text": ("instance_gain", "0.1", "instance_gain: expected an object, found '0.1'"),
    "average is nan": ("static_lead.average", math.nan, "static_lead: expected average"),
    "a gain of two": ("static_lead.average", 2, "static_lead: expected average at least -1 and at most 1"),
    "intervals are a list": ("static_lead.intervals", [0, 1], "static_lead: expected intervals"),
    "a task without interval": ("instance_gain.intervals.toy", MISSING, "instance_gain: expected intervals of"),
    "an interval of three": ("instance_gain.intervals.toy", [0, 0, 1], "instance_gain: .*toy.* with 2 values"),
    "a falling interval": ("instance_gain.intervals.toy", [0.2, 0.1], "instance_gain: .* a rising interval of toy"),
    "curves are an object": ("by_cost_weight", {"0": 1}, "expected by_cost_weight"),
    "a row is a number": ("by_cost_weight.0", 1, r"by_cost_weight\[0\]: expected an object"),
    "a row without tasks": ("by_cost_weight.0.tasks", MISSING, r"by_cost_weight\[0\]: missing field tasks"),
    "a row without a task": ("by_cost_weight.1.tasks.wide", MISSING, r"by_cost_weight\[1\]: expected the tasks"),
    "an average is a number": ("by_cost_weight.1.average", 3, r"by_cost_weight\[1\].average: expected an object"),
    "an accuracy in percent": ("by_cost_weight.1.average.own", 70.0, r"by_cost_weight\[1\].average: expected own"),
    "a gain without limits": ("by_cost_weight.1.average.gain", 0.02, r"by_cost_weight\[1\].average: expected gain"),
    "a falling gain": ("by_cost_weight.1.average.lead", [0.02, 0.03, 0.01], "a rising interval of lead"),
    "no share": ("by_cost_weight.1.tasks.toy.top_share", MISSING, r"by_cost_weight\[1\].tasks.toy: .* top_share"),
    "no own choice": ("by_cost_weight.1.cost_weight", 1.0, "by_cost_weight: .* 0 among them"),
    "a weight twice": ("by_cost_weight.0.cost_weight", -3.0, "by_cost_weight: expected different cost weights"),
    "a weight is true": ("by_cost_weight.1.cost_weight", True, r"by_cost_weight\[1\]: expected cost_weight"),
    "choice is a list": ("choice", [1], r"choice: expected an object"),
    "choice without a task": ("choice.tasks.wide", MISSING, "choice: expected the tasks toy, wide, found toy"),
    "an entropy above one": ("choice.tasks.wide.normalised_entropy", 1.5, "choice.tasks.wide: .*normalised_entropy"),
    "selector MACs in words": ("selector_macs.toy", "12", r"selector_macs\['toy'\]"),
    "sweep is a text": ("rho_sweep", "none", "expected rho_sweep"),
    "sweep without accuracy": ("rho_sweep.0.accuracy", MISSING, r"rho_sweep\[0\]: missing field accuracy"),
    "a numbered estimator": ("rho_sweep_estimator", 2, "expected rho_sweep_estimator"),
    "sweep without split": ("rho_sweep_split", MISSING, "rho_sweep_split: expected the split"),
    "seeds without gain": ("seeds.0.gain", "x", r"seeds\[0\]: expected gain"),
    "a seed's twin is a text": ("seeds.0.twin", "x", r"seeds\[0\]: expected twin"),
}


def _changed(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    place: Any = raw
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return raw


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_malformed_is_one_line_that_names_it(case, raw_metrics, tmp_path):
    path, value, said = BROKEN[case]
    _write(tmp_path, _changed(raw_metrics, path, value))

    with pytest.raises(CheckpointError, match=said) as error:
        read_metrics(tmp_path)

    assert str(error.value).startswith(f"{tmp_path / METRICS}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("content", [[], 3, None])
def test_a_file_of_something_else_is_refused(content, tmp_path):
    _write(tmp_path, content)

    with pytest.raises(CheckpointError, match=f"{METRICS}: expected an object, found"):
        read_metrics(tmp_path)


def _leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in _leaves(part, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [leaf for i, part in enumerate(value) for leaf in _leaves(part, f"{path}.{i}")]
    return [path]


def test_a_wrong_type_at_any_leaf_is_refused(raw_metrics, tmp_path):
    text = json.dumps(raw_metrics)

    for leaf in _leaves(raw_metrics):
        _write(tmp_path, _changed(json.loads(text), leaf, [[]]))
        with pytest.raises(CheckpointError):
            read_metrics(tmp_path)
            pytest.fail(f"{leaf} was accepted")
