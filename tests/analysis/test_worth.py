"""What metrics.json says of the worth of looking."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from den_core.analysis.instance_gain import concentration, cost_curves, differences, rho_sweep, seeds, verdict
from den_core.analysis.tradeoff import AVERAGE
from den_core.errors import CheckpointError

TASKS = ("toy", "wide")


def _difference(value: float) -> dict[str, Any]:
    names = (*TASKS, AVERAGE)
    return {
        "tasks": dict.fromkeys(TASKS, value),
        "average": value,
        "intervals": {name: [value - 0.01, value + 0.01] for name in names},
    }


def _point(method: str, accuracy: float, macs: float) -> dict[str, Any]:
    values = {"accuracy": accuracy, "class_accuracy": accuracy, "mean_macs": macs}
    return {"method": method, "parameter": None, "tasks": dict.fromkeys(TASKS, values), "average": values}


def _row(weight: float, macs: float) -> dict[str, Any]:
    values = {"own": 0.7, "permuted": 0.68, "static": 0.66, "mean_macs": macs, "static_macs": 0.9 * macs}
    values |= {"gain": [0.02, 0.01, 0.03], "lead": [0.04, -0.01, 0.09]}
    tasks = {task: values | {"distinct": 5, "top_share": 0.4} for task in TASKS}
    return {"cost_weight": weight, "tasks": tasks, "average": values}


SEED = {"seed": 0, "chosen": 0.7, "permuted": 0.68, "static": 0.66, "random": 0.6, "full": 0.71, "mean_macs": 40.0}
METRICS = {
    "operating_points": [_point("chosen", 0.7, 40.0), _point("static", 0.66, 36.0), _point("full", 0.71, 100.0)],
    "instance_gain": _difference(0.02),
    "static_lead": _difference(0.04),
    "twin_lead": _difference(-0.005),
    "choice": {"tasks": {task: {"distinct": 5, "top_share": 0.4, "normalised_entropy": 0.3} for task in TASKS}},
    "by_cost_weight": [_row(0.0, 40.0), _row(3.0, 20.0), _row(-3.0, 80.0)],
    "extra": {
        "rho_sweep": [{"rho": rho, "accuracy": 0.7, "share": 0.4, "distinct_per_600": 30} for rho in (1, 0.1)],
        "rho_sweep_split": "validation",
        "rho_sweep_estimator": "before its last turn",
        "seeds": [SEED | {"seed": seed, "gain": 0.02, "lead": -0.04} for seed in (1, 0)],
    },
}
OLD = {
    "operating_points": METRICS["operating_points"],
    "instance_gain": {"tasks": dict.fromkeys(TASKS, 0.02), "average": 0.02},
    "static_lead": {},
    "twin_lead": {},
    "choice": {},
    "by_cost_weight": [],
    "extra": {},
}
READERS = {
    "differences": lambda metrics: differences(metrics, TASKS),
    "cost_curves": lambda metrics: cost_curves(metrics, TASKS),
    "concentration": lambda metrics: concentration(metrics, TASKS),
    "rho_sweep": rho_sweep,
    "seeds": seeds,
}


@pytest.mark.parametrize(
    ("ends", "says"),
    [((0.1, 0.2), "pays"), ((-0.1, 0.2), "open"), ((0, 0), "open"), ((-2, -1), "costs"), ((math.nan, 1), "unknown")],
)
def test_the_verdict_follows_from_the_interval_alone(ends, says):
    assert verdict(*ends) == says


def test_all_differences_come_with_their_intervals():
    frame = differences(METRICS, TASKS).set_index(["kind", "task"])
    assert list(frame.index) == [(kind, task) for kind in ("gain", "lead", "twin") for task in (*TASKS, AVERAGE)]
    assert frame.loc[("twin", "wide")].tolist() == pytest.approx([-0.005, -0.015, 0.005])
    assert frame.loc[("lead", AVERAGE)].tolist() == pytest.approx([0.04, 0.03, 0.05])


def test_old_metrics_have_a_gain_without_interval_and_the_lead_of_their_points():
    frame = differences(OLD, TASKS)
    assert frame["low"].isna().all() and frame["high"].isna().all()
    assert frame.loc[frame["kind"] == "lead", "value"].tolist() == pytest.approx([0.04] * 3)
    without = OLD | {"operating_points": [_point("chosen", 0.7, 40.0)]}
    assert set(differences(without, TASKS)["kind"]) == {"gain"}


def test_old_metrics_have_no_rows_of_what_was_not_measured():
    assert cost_curves(OLD, TASKS).empty and concentration(OLD, TASKS).empty and seeds(OLD).empty
    assert rho_sweep(OLD).rows.empty and rho_sweep(OLD).split == ""
    bare = {name: OLD[name] for name in ("operating_points", "instance_gain")}
    assert cost_curves(bare, TASKS).empty and seeds(bare).empty


def test_curves_have_a_row_per_weight_and_task_and_know_their_share():
    frame = cost_curves(METRICS, TASKS)
    assert len(frame) == 3 * 3
    average = frame[frame["task"] == AVERAGE]
    assert average["cost_weight"].tolist() == [3.0, 0.0, -3.0], "rising MACs"
    assert average["share"].tolist() == pytest.approx([0.2, 0.4, 0.8])
    assert average[["gain", "gain_low", "gain_high"]].iloc[0].tolist() == [0.02, 0.01, 0.03]
    assert average["distinct"].isna().all() and (frame.loc[frame["task"] == "toy", "distinct"] == 5).all()


def test_tables_of_other_trainings_are_in_order():
    sweep = rho_sweep(METRICS)
    assert sweep.rows["rho"].tolist() == [0.1, 1] and sweep.split == "validation"
    assert sweep.estimator == "before its last turn"
    assert seeds(METRICS)["seed"].tolist() == [0, 1] and seeds(METRICS)["twin"].isna().all()
    assert concentration(METRICS, TASKS)["normalised_entropy"].tolist() == [0.3, 0.3]


def test_a_twin_of_some_seeds_is_told():
    rows = [row | ({"twin": -0.01} if row["seed"] else {}) for row in METRICS["extra"]["seeds"]]
    frame = seeds({"extra": {"seeds": rows}})
    assert frame["twin"].isna().tolist() == [True, False] and frame["twin"].iat[1] == -0.01


BROKEN = {
    "a twin without average": ("differences", "twin_lead.average", None),
    "a twin in percent": ("differences", "twin_lead.tasks.toy", 12.5),
    "a seed's twin is a text": ("seeds", "extra.seeds.0.twin", "x"),
    "no task": ("differences", "instance_gain.tasks.wide", None),
    "tasks are a list": ("differences", "instance_gain.tasks", [0.1]),
    "gain is a text": ("differences", "instance_gain", "0.1"),
    "average is nan": ("differences", "static_lead.average", math.nan),
    "a gain of two": ("differences", "static_lead.average", 2),
    "intervals are a list": ("differences", "static_lead.intervals", [0, 1]),
    "a task without interval": ("differences", "instance_gain.intervals.toy", None),
    "an interval of three": ("differences", "instance_gain.intervals.toy", [0, 0, 1]),
    "a falling interval": ("differences", "instance_gain.intervals.toy", [0.2, 0.1]),
    "curves are an object": ("cost_curves", "by_cost_weight", {"0": 1}),
    "a row is a number": ("cost_curves", "by_cost_weight.0", 1),
    "a row without tasks": ("cost_curves", "by_cost_weight.0.tasks", None),
    "a row without a task": ("cost_curves", "by_cost_weight.1.tasks.wide", None),
    "a row without average": ("cost_curves", "by_cost_weight.1.average", 3),
    "an accuracy in percent": ("cost_curves", "by_cost_weight.1.average.own", 70.0),
    "a gain without interval": ("cost_curves", "by_cost_weight.1.average.gain", 0.02),
    "a falling gain": ("cost_curves", "by_cost_weight.1.average.lead", [0.02, 0.03, 0.01]),
    "no share": ("cost_curves", "by_cost_weight.1.tasks.toy.top_share", None),
    "no own choice": ("cost_curves", "by_cost_weight.0.cost_weight", 1.0),
    "a weight twice": ("cost_curves", "by_cost_weight.1.cost_weight", -3.0),
    "no weight": ("cost_curves", "by_cost_weight.1.cost_weight", True),
    "no full network": ("cost_curves", "operating_points.2.method", "other"),
    "choice is a list": ("concentration", "choice", [1]),
    "choice without a task": ("concentration", "choice.tasks.wide", None),
    "an entropy above one": ("concentration", "choice.tasks.wide.normalised_entropy", 1.5),
    "sweep is a text": ("rho_sweep", "extra.rho_sweep", "none"),
    "sweep without accuracy": ("rho_sweep", "extra.rho_sweep.0.accuracy", None),
    "a sweep of a numbered estimator": ("rho_sweep", "extra.rho_sweep_estimator", 2),
    "sweep without split": ("rho_sweep", "extra.rho_sweep_split", None),
    "seeds without gain": ("seeds", "extra.seeds.0.gain", "x"),
    "extra is a list": ("seeds", "extra", [1]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_malformed_is_one_line_that_names_it(case):
    reader, path, value = BROKEN[case]
    metrics = copy.deepcopy(METRICS)
    *way, last = path.split(".")
    place: Any = metrics
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    with pytest.raises(CheckpointError, match="metrics.json: expected .*den evaluate") as error:
        READERS[reader](metrics)
    assert "\n" not in str(error.value)
