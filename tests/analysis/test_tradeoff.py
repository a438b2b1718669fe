"""Operating points of metrics.json as a tidy frame."""

from __future__ import annotations

import math

from den_core.analysis.tradeoff import instance_gain, operating_points
from den_core.checkpoints.metrics import AVERAGE


def test_every_point_gives_a_row_per_task_and_one_for_the_average(small_metrics):
    frame = operating_points(small_metrics)
    assert len(frame) == 5 * 3
    assert frame["task"].tolist()[:3] == ["toy", "wide", AVERAGE]
    assert frame["mean_macs"].dtype == float
    average = frame[frame["task"] == AVERAGE]
    assert average["images"].isna().all() and (frame.loc[frame["task"] == "toy", "images"] == 10).all()


def test_methods_keep_their_order_and_parameters_rise(small_metrics):
    frame = operating_points(small_metrics)
    toy = frame[frame["task"] == "toy"]
    assert toy["method"].tolist() == ["chosen", "static", "full", "cost_weight", "cost_weight"]
    assert toy["parameter"].iloc[3:].tolist() == [-3.0, 3.0] and math.isnan(toy["parameter"].iloc[0])
    assert toy["accuracy"].iloc[3:].tolist() == [0.7, 0.6]


def test_instance_gain_ends_with_the_average(small_metrics):
    gain = instance_gain(small_metrics)
    assert gain.index.tolist() == ["toy", "wide", AVERAGE]
    assert gain.tolist() == [0.02] * 3
