"""Metrics as tables, and metrics against metrics."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from den_core.checkpoints.metrics import AverageResult
from den_core.data.tasks import SCENARIOS
from den_core.errors import CheckpointError
from den_core.evaluation.paper_results import PAPER_ROWS, beside
from den_core.evaluation.report import (
    choice_frame,
    cost_weight_frame,
    dial_frame,
    frame_of,
    largest_difference,
    metrics_table,
    report_table,
)
from den_core.policy import Policy


def points(*fractions: float) -> str:
    """A difference and the limits of its interval, as people read them."""
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(round(100 * value, 2) + 0.0 for value in fractions))


@pytest.fixture
def with_baseline(tiny_metrics):
    """The same metrics with a baseline point of an accuracy that no other point has."""
    average = AverageResult(accuracy=0.98765, class_accuracy=0.9, mean_macs=1e6)
    point = replace(tiny_metrics.point("full"), method="baseline", average=average)
    return replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, point))


def test_largest_difference_looks_at_every_accuracy(tiny_metrics):
    assert largest_difference(tiny_metrics, tiny_metrics) == 0
    points = list(tiny_metrics.operating_points)
    result = points[3].tasks["emoji"]
    better = replace(result, class_accuracy=result.class_accuracy + 0.25)
    points[3] = replace(points[3], tasks=points[3].tasks | {"emoji": better})

    changed = replace(tiny_metrics, operating_points=tuple(points))

    assert largest_difference(changed, tiny_metrics) == pytest.approx(0.25)


def test_metrics_with_other_points_cannot_be_compared(tiny_metrics):
    with pytest.raises(CheckpointError, match="expected an operating point level 1.0"):
        fewer = tuple(p for p in tiny_metrics.operating_points if p.method != "level")
        largest_difference(tiny_metrics, replace(tiny_metrics, operating_points=fewer))


def test_tables_show_percent_and_mmacs(tiny_metrics, tiny_checkpoint):
    frame = frame_of(tiny_metrics)
    own = tiny_metrics.point("chosen")

    assert frame.loc[0, "average %"] == pytest.approx(100 * own.average.accuracy)
    assert frame.loc[0, "MMACs"] == pytest.approx(own.average.mean_macs / 1e6)
    both = report_table([tiny_checkpoint, tiny_checkpoint])
    assert len(both) == 2 * len(frame) and set(both["backbone"]) == {"wrn-8-1"}


def test_a_checkpoint_without_metrics_has_no_row(saved):
    with pytest.raises(CheckpointError, match="evaluate .* --write"):
        report_table([saved])


def test_a_cost_weight_that_was_found_again_is_the_same_point(tiny_metrics):
    """Another machine finds a weight that differs in its last digits."""
    weighted = replace(tiny_metrics.operating_points[0], method="cost_weight")
    a, b, c = (
        replace(tiny_metrics, operating_points=(replace(weighted, parameter=weight),))
        for weight in (0.478731, 0.478732, 0.6)
    )

    assert largest_difference(a, b) == 0
    with pytest.raises(CheckpointError):
        largest_difference(a, c)


def test_a_baseline_may_be_there_or_not(tiny_metrics, with_baseline):
    assert largest_difference(tiny_metrics, with_baseline) == largest_difference(with_baseline, tiny_metrics) == 0


def test_a_baseline_that_both_have_is_compared(with_baseline):
    *others, baseline = with_baseline.operating_points
    better = {task: replace(result, accuracy=result.accuracy + 0.125) for task, result in baseline.tasks.items()}
    changed = replace(with_baseline, operating_points=(*others, replace(baseline, tasks=better)))

    found = largest_difference(changed, with_baseline)

    assert found == pytest.approx(0.125)


def test_a_twin_may_be_there_or_not_and_its_lead_is_shown(tiny_metrics):
    point = replace(tiny_metrics.point("permuted"), method="twin")
    intervals = tiny_metrics.static_lead.intervals | {"average": (-0.0045, 0.0267)}
    lead = replace(tiny_metrics.static_lead, average=0.0123, intervals=intervals)
    metrics = replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, point), twin_lead=lead)

    assert largest_difference(tiny_metrics, metrics) == largest_difference(metrics, tiny_metrics) == 0
    assert choice_frame(metrics).loc[3, "own - twin"] == points(0.0123, -0.0045, 0.0267)
    assert "own - twin" not in choice_frame(tiny_metrics)
    assert "twin" in frame_of(metrics)["method"].tolist()
    assert max(map(len, metrics_table(metrics).splitlines())) <= 120


def test_the_table_of_one_checkpoint_says_it_all(tiny_metrics, with_baseline):
    text = metrics_table(with_baseline)

    gain, lead = tiny_metrics.instance_gain, tiny_metrics.static_lead
    for found in (gain, lead):
        for name in ("emoji", "average"):
            assert points(found.values[name], *found.intervals[name]) in text
    assert f"instance gain {100 * gain.average:+.2f} points" in text
    assert "baseline" in text and "98.77" in text and "nan" not in text.lower()
    assert max(map(len, text.splitlines())) <= 120


def test_choice_and_dial_have_a_row_for_everything_measured(tiny_metrics):
    choice, dial = choice_frame(tiny_metrics), cost_weight_frame(tiny_metrics)

    assert choice["task"].tolist() == ["fashion", "emoji", "clipart", "average"]
    varied = tiny_metrics.choice.tasks["emoji"]
    assert choice.loc[1, "structures"] == str(varied.distinct)
    assert choice.loc[1, "most common %"] == f"{100 * varied.top_share:.1f}"
    assert len(dial) == len(tiny_metrics.by_cost_weight)
    row = tiny_metrics.by_cost_weight[0].average
    assert dial.loc[0, "static %"] == pytest.approx(100 * row.static)
    assert dial.loc[0, "gain"] == points(*row.gain)


def test_older_metrics_have_a_table_too(tiny_metrics):
    """Measured before there were intervals, static leads, and controls along the dial."""
    gain = replace(tiny_metrics.instance_gain, intervals=None)
    older = replace(
        tiny_metrics,
        instance_gain=gain,
        static_lead=None,
        fixed_lead=None,
        fixed_rival="",
        choice=None,
        by_cost_weight=(),
    )

    text = metrics_table(older)

    assert f"{100 * gain.tasks['emoji']:+.2f}" in text
    assert "lead" not in text and "By cost weight" not in text and "[" not in text


def test_the_table_names_the_best_fixed_rival_and_the_stops_of_the_dial(tiny_metrics):
    own = tiny_metrics.point("chosen")
    early = replace(own.average, early=0.25)
    stop = replace(own, method="dial", parameter=0.4, average=early, policy=Policy(3.0))
    metrics = replace(tiny_metrics, operating_points=(*tiny_metrics.operating_points, stop))

    text = metrics_table(metrics)

    lead = tiny_metrics.fixed_lead
    assert tiny_metrics.fixed_rival in text and points(lead.average, *lead.intervals["average"]) in text
    frame = dial_frame(metrics)
    assert frame.to_dict("records") == [
        {"within": "0.4", "average %": pytest.approx(100 * own.average.accuracy), "early %": 25.0,
         "MMACs": pytest.approx(own.average.mean_macs / 1e6), "picked": "own choice at cost weight 3"}
    ]  # fmt: skip
    assert "own choice at cost weight 3" in text and dial_frame(tiny_metrics).empty
    assert frame_of(metrics)["early %"].notna().sum() == 1
    assert max(map(len, text.splitlines())) <= 120


def test_rounding_leaves_no_minus_at_nothing(tiny_metrics):
    gain = replace(tiny_metrics.instance_gain, average=-1e-9)

    frame = choice_frame(replace(tiny_metrics, instance_gain=gain))

    assert frame.loc[3, "gain: own - permuted"].startswith("+0.00 [")


def test_networks_are_set_beside_the_paper_where_their_tasks_are_alike():
    def tables(*tasks: str) -> set[str]:
        return {row.table for row in beside(tasks)}

    assert tables("cifar100", "tiny", "stl10") == tables("cifar100", "tiny", "imagenette") == {"Table 2"}
    assert tables("cifar100", "coarse") == {"Table 4"} and tables("cifar100") == {"Table 5"}
    assert tables(*(f"m2_84_{i}" for i in range(10))) == {"Table 3"}
    assert tables("fashion", "emoji", "clipart") == tables("cifar100", "emoji") == set()


def test_the_papers_averages_are_those_of_its_tasks():
    """To the paper's rounding: a mistyped figure would show."""
    for row in PAPER_ROWS:
        if row.accuracies:
            assert len(row.accuracies) == len(SCENARIOS[row.scenario])
            assert sum(row.accuracies) / len(row.accuracies) == pytest.approx(row.average, abs=0.011), row


def test_a_report_ends_with_the_papers_rows(tiny_checkpoint, tmp_path):
    folder = tmp_path / "m1"
    shutil.copytree(tiny_checkpoint, folder)
    names = {"fashion": "cifar100", "emoji": "tiny", "clipart": "stl10"}
    for file in ("config.json", "metrics.json"):
        text = (folder / file).read_text()
        for old, new in names.items():
            text = text.replace(f'"{old}"', f'"{new}"')
        (folder / file).write_text(text)

    table = report_table([folder])

    best = table[table["method"] == "DEN, rho 0.1"].set_index("backbone").loc["WRN-32-4"]
    assert (
        best["cifar100 %"] == 75.65
        and best["stl10 %"] == 87.56
        and best["blocks' MMACs"] == 570
        and np.isnan(best["MMACs"])
    )
    ours = ["cifar100 %", "tiny %", "stl10 %", "average %", "class-averaged %", "MMACs"]
    assert list(table)[-9:] == [*ours, "blocks' MMACs", "params (M)", "times cheaper"]
    assert table.loc[0, "checkpoint"] == "m1" and not table.loc[0, "average %"] == best["average %"]
