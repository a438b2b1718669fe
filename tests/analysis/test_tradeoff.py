"""Operating points of metrics.json as a tidy frame."""

from __future__ import annotations

import copy

import pytest

from den_core.analysis.tradeoff import AVERAGE, instance_gain, operating_points
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
