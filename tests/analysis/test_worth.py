"""What metrics.json says of the worth of looking."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from den_core.analysis.instance_gain import concentration, cost_curves, differences, rho_sweep, seeds, verdict
from den_core.checkpoints.metrics import AVERAGE, Metrics
from den_core.errors import CheckpointError

NAMES = ["toy", "wide", AVERAGE]


@pytest.fixture
def old(small_metrics) -> Metrics:
    """Measured before there were intervals, leads, curves and other trainings."""
    gain = replace(small_metrics.instance_gain, intervals=None)
    trainings = {"rho_sweep": (), "seeds": ()}
    later = {"static_lead": None, "twin_lead": None, "choice": None, "by_cost_weight": ()}
    return replace(small_metrics, instance_gain=gain, **trainings, **later)


@pytest.mark.parametrize(
    ("ends", "says"),
    [((0.1, 0.2), "pays"), ((-0.1, 0.2), "open"), ((0, 0), "open"), ((-2, -1), "costs"), ((math.nan, 1), "unknown")],
)
def test_the_verdict_follows_from_the_interval_alone(ends, says):
    assert verdict(*ends) == says


def test_all_differences_come_with_their_intervals(small_metrics):
    frame = differences(small_metrics).set_index(["kind", "task"])
    assert list(frame.index) == [(kind, task) for kind in ("gain", "lead", "twin") for task in NAMES]
    assert frame.loc[("twin", "wide")].tolist() == pytest.approx([-0.005, -0.015, 0.005])
    assert frame.loc[("lead", AVERAGE)].tolist() == pytest.approx([0.04, 0.03, 0.05])


def test_old_metrics_have_a_gain_without_interval_and_the_lead_of_their_points(old):
    frame = differences(old)
    assert frame["low"].isna().all() and frame["high"].isna().all()
    lead = frame[frame["kind"] == "lead"]
    assert lead["task"].tolist() == NAMES and lead["value"].tolist() == pytest.approx([0.04] * 3)
    without = replace(old, operating_points=old.operating_points[:1])
    assert set(differences(without)["kind"]) == {"gain"}


def test_old_metrics_have_no_rows_of_what_was_not_measured(old):
    assert cost_curves(old).empty and concentration(old).empty and rho_sweep(old).empty and seeds(old).empty


def test_curves_have_a_row_per_weight_and_task_and_know_their_share(small_metrics):
    frame = cost_curves(small_metrics)
    assert len(frame) == 3 * 3
    average = frame[frame["task"] == AVERAGE]
    assert average["cost_weight"].tolist() == [3.0, 0.0, -3.0], "rising MACs"
    assert average["share"].tolist() == pytest.approx([0.2, 0.4, 0.8])
    assert average[["gain", "gain_low", "gain_high"]].iloc[0].tolist() == [0.02, 0.01, 0.03]
    assert average["distinct"].isna().all() and (frame.loc[frame["task"] == "toy", "distinct"] == 5).all()


def test_curves_without_a_full_model_to_compare_with_are_an_error(small_metrics):
    points = tuple(point for point in small_metrics.operating_points if point.method != "full")
    with pytest.raises(CheckpointError, match="'full'"):
        cost_curves(replace(small_metrics, operating_points=points))


def test_tables_of_other_trainings_are_in_order(small_metrics):
    assert rho_sweep(small_metrics)["rho"].tolist() == [0.1, 1]
    frame = seeds(small_metrics)
    assert frame["seed"].tolist() == [0, 1] and frame["chosen"].tolist() == [0.7, 0.7]
    assert concentration(small_metrics)["normalised_entropy"].tolist() == [0.3, 0.3]


def test_a_twin_of_some_seeds_is_kept(small_metrics):
    frame = seeds(small_metrics)
    assert frame["twin"].isna().tolist() == [True, False] and frame["twin"].iat[1] == -0.01
    without = replace(small_metrics, seeds=small_metrics.seeds[1:])
    assert seeds(without)["twin"].isna().all()
