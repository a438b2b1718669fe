"""Operating points of metrics.json as a tidy frame."""

from __future__ import annotations

import copy

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis.tradeoff import AVERAGE, instance_gain, operating_points, pareto_front, share_of_full
from den_core.errors import CheckpointError


def _point(method, parameter, accuracy, macs):
    values = {"accuracy": accuracy, "class_accuracy": accuracy - 0.01, "mean_macs": macs}
    return {
        "method": method,
        "parameter": parameter,
        "tasks": {"toy": {"images": 10, "mean_params": 5.0, "distinct_structures": 3, **values}},
        "average": values,
    }


METRICS = {
    "operating_points": [
        _point("full", None, 0.9, 100.0),
        _point("cost_weight", 0.3, 0.7, 40.0),
        _point("cost_weight", 0.1, 0.8, 60.0),
    ],
    "instance_gain": {"tasks": {"toy": 0.02}, "average": 0.02},
}


def test_every_point_gives_a_row_per_task_and_one_for_the_average():
    frame = operating_points(METRICS)
    assert len(frame) == 6
    assert set(frame["task"]) == {"toy", AVERAGE}
    assert frame["mean_macs"].dtype == float


def test_methods_keep_their_order_and_parameters_rise():
    frame = operating_points(METRICS)
    toy = frame[frame["task"] == "toy"]
    assert toy["method"].tolist() == ["full", "cost_weight", "cost_weight"]
    assert toy["parameter"].iloc[1:].tolist() == [0.1, 0.3]


def test_a_point_without_a_number_is_named():
    broken = copy.deepcopy(METRICS)
    del broken["operating_points"][1]["tasks"]["toy"]["mean_macs"]
    with pytest.raises(CheckpointError, match="mean_macs for toy .*cost_weight"):
        operating_points(broken)


def test_instance_gain_ends_with_the_average():
    gain = instance_gain(METRICS)
    assert gain.index.tolist() == ["toy", AVERAGE]


def test_a_class_averaged_gain_that_was_not_measured_is_an_error_not_the_plain_one():
    with pytest.raises(CheckpointError, match="class_tasks"):
        instance_gain(METRICS, by_class=True)
    measured = METRICS["instance_gain"] | {"class_tasks": {"toy": 0.01}, "class_average": 0.01}
    assert instance_gain({"instance_gain": measured}, by_class=True)["toy"] == 0.01


def _front(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
    points = pd.DataFrame(pairs, columns=["mean_macs", "accuracy"])
    return list(pareto_front(points).itertuples(index=False, name=None))


def test_the_front_holds_what_nothing_cheaper_beats():
    assert _front((3, 0.7), (1, 0.5), (2, 0.6), (2, 0.4), (4, 0.65)) == [(1, 0.5), (2, 0.6), (3, 0.7)]


def test_a_dearer_point_of_equal_accuracy_is_not_on_the_front_an_equal_point_is():
    assert _front((1, 0.5), (2, 0.5)) == [(1, 0.5)]
    assert _front((1, 0.5), (1, 0.5)) == [(1, 0.5), (1, 0.5)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_the_front_is_what_brute_force_finds(pairs):
    def beaten(a, b):
        return b[0] <= a[0] and b[1] >= a[1] and a != b

    expected = sorted(pair for pair in pairs if not any(beaten(pair, other) for other in pairs))
    assert sorted(_front(*pairs)) == expected


def test_share_of_full_by_task():
    metrics = {"operating_points": [_point("full", None, 0.9, 100.0), _point("chosen", None, 0.8, 40.0)]}
    assert share_of_full(operating_points(metrics)).to_dict() == {"toy": 0.4, AVERAGE: 0.4}
