"""What a new metrics.json keeps of the old one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from den_core.checkpoints.metrics import (
    METRICS,
    OperatingPoint,
    RhoResult,
    SeedResult,
    read_metrics,
    write_metrics,
)
from den_core.evaluation.remeasuring import with_kept

SWEEP = {
    "rho_sweep": (RhoResult(0.1, 0.7, 0.4, 20),),
    "rho_sweep_split": "validation",
    "rho_sweep_estimator": "as it is",
    "seeds": (SeedResult(1, 0.7, 0.6, 0.6, 0.5, 0.7, 1e6, 0.1, 0.1),),
}


@pytest.fixture
def baseline(tiny_metrics) -> OperatingPoint:
    return replace(tiny_metrics.point("full"), method="baseline")


@pytest.fixture
def old(tiny_metrics, baseline, tmp_path):
    """A folder whose metrics.json has a baseline, a sweep, seeds, and something of its own."""
    points = (*tiny_metrics.operating_points, baseline)
    write_metrics(tmp_path, replace(tiny_metrics, operating_points=points, draws=99, **SWEEP))
    return tmp_path


def test_what_evaluate_does_not_measure_is_kept(old, tiny_metrics, baseline):
    found, lines = with_kept(tiny_metrics, old)

    assert found == replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, baseline), **SWEEP)
    assert found.draws == tiny_metrics.draws != 99
    assert len(lines) == 2 and "rho_sweep, rho_sweep_split, rho_sweep_estimator, seeds" in lines[0]
    assert lines[1].startswith("baseline: kept from the old metrics.json, accuracy")
    write_metrics(old, found)
    assert read_metrics(old) == found


def test_a_baseline_measured_now_replaces_the_old_one(old, tiny_metrics, baseline):
    new = replace(baseline, average=replace(baseline.average, accuracy=0.123))
    metrics = replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, new))

    found, lines = with_kept(metrics, old)

    assert found.operating_points == metrics.operating_points
    assert not any("baseline" in line for line in lines)


@pytest.fixture
def old_with_twin(old, tiny_metrics):
    """The same folder with a twin and the lead over it."""
    before = read_metrics(old)
    twin = replace(tiny_metrics.point("permuted"), method="twin")
    lead = replace(tiny_metrics.static_lead, average=0.0123)
    write_metrics(old, replace(before, operating_points=(*before.operating_points, twin), twin_lead=lead))
    return old


def test_a_twin_is_kept_with_its_lead(old_with_twin, tiny_metrics):
    found, lines = with_kept(tiny_metrics, old_with_twin)

    assert [point.method for point in found.operating_points[-2:]] == ["baseline", "twin"]
    assert found.twin_lead == read_metrics(old_with_twin).twin_lead and found.twin_lead.average == 0.0123
    assert lines[2].startswith("twin: kept from the old metrics.json, accuracy")


def test_a_twin_measured_now_replaces_the_old_one(old_with_twin, tiny_metrics):
    new, lead = replace(tiny_metrics.point("static"), method="twin"), tiny_metrics.instance_gain
    metrics = replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, new), twin_lead=lead)

    found, lines = with_kept(metrics, old_with_twin)

    assert found.point("twin") == new and found.twin_lead == lead
    assert not any("twin" in line for line in lines)


@pytest.mark.parametrize(
    "change, other", [("accuracy", "a network of other accuracy"), ("seed", "another seed"), ("split", "other images")]
)
def test_a_twin_beside_other_choices_is_not_kept_and_that_is_said(change, other, old_with_twin, tiny_metrics):
    """The baseline does not depend on the network's own accuracy, nor on the seed."""
    if change == "accuracy":
        own, *others = tiny_metrics.operating_points
        tasks = own.tasks | {"emoji": replace(own.tasks["emoji"], class_accuracy=0.5)}
        metrics = replace(tiny_metrics, operating_points=(replace(own, tasks=tasks), *others))
    else:
        metrics = replace(tiny_metrics, **{change: {"seed": 7, "split": "validation"}[change]})

    found, lines = with_kept(metrics, old_with_twin)

    assert found.twin_lead is None and found.find_point("twin") is None
    assert lines[2] == f"twin: not kept from the old metrics.json, which is about {other}; give --twin"
    assert ("baseline: kept" in lines[1]) == (change != "split")


@pytest.mark.parametrize("change", ["split", "images"])
def test_a_baseline_of_other_images_is_not_kept_and_that_is_said(change, old, tiny_metrics):
    if change == "split":
        metrics = replace(tiny_metrics, split="validation")
    else:
        points = [
            replace(point, tasks={task: replace(result, images=7) for task, result in point.tasks.items()})
            for point in tiny_metrics.operating_points
        ]
        metrics = replace(tiny_metrics, operating_points=tuple(points))

    found, lines = with_kept(metrics, old)

    assert found.operating_points == metrics.operating_points
    assert "baseline: not kept" in lines[1] and found.seeds == SWEEP["seeds"]


def test_nothing_there_nothing_kept(tiny_metrics, tmp_path):
    assert with_kept(tiny_metrics, tmp_path) == (tiny_metrics, [])


def test_a_file_that_cannot_be_read_is_given_up_aloud(tiny_metrics, tmp_path):
    (tmp_path / METRICS).write_text("{")

    found, lines = with_kept(tiny_metrics, tmp_path)

    assert found == tiny_metrics and len(lines) == 1 and "expected JSON" in lines[0]
