"""What the pages say of the twin that never looks, where it was measured and where not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from looking_metrics import differences, new_fields, table, texts, verdict

from app.views.looking.trainings import seeds_table

PAYS, OPEN, COSTS = (0.01, 0.005, 0.02), (0.004, -0.004, 0.012), (-0.01, -0.02, -0.005)


@pytest.mark.parametrize(
    ("gain", "lead", "twin", "answer", "words"),
    [
        (PAYS, PAYS, PAYS, "Yes, looking pays", "permuted choices, the choice is ahead by **1.00 points**"),
        (PAYS, OPEN, PAYS, "that it beats the best static structure is not shown", "ahead by **1.00 points**"),
        (PAYS, COSTS, PAYS, "not enough", "ahead by **1.00 points**"),
        (PAYS, PAYS, OPEN, "Perhaps habit", "neither is shown to be better: **+0.40 points** (95 % interval -0.40"),
        (PAYS, PAYS, COSTS, "Habit, not benefit", "behind by **1.00 points** (95 % interval -2.00 to -0.50)"),
        (PAYS, PAYS, (0.01, np.nan, np.nan), "was not measured", "the difference is **+1.00 points**"),
        (OPEN, PAYS, PAYS, "a twin that never looks is worse, but permuting", "ahead by **1.00 points**"),
        (OPEN, PAYS, OPEN, "Not shown to pay.", "neither is shown"),
        (OPEN, PAYS, COSTS, "No, looking costs", "behind by"),
        (COSTS, PAYS, PAYS, "No, looking costs", "ahead by"),
    ],
)
def test_the_answer_follows_the_twin(gain, lead, twin, answer, words):
    text = verdict(gain, lead, twin=twin)
    assert answer in text.split("**")[1], text
    assert words in text.split("Against a twin that never looks")[1].split("Against the best")[0], text


def test_tasks_are_judged_against_the_twin_where_there_is_one():
    assert "against the twin, looking is not shown to pay for Toy, Wide" in verdict(PAYS, PAYS, twin=OPEN)
    assert "against the permuted choices, looking is shown to pay for Toy, Wide" in verdict(PAYS, PAYS)


def _with_twin(checkpoint, value: float, reach: float) -> dict:
    """Fields of metrics with a twin, hand-made."""
    points = json.loads((checkpoint / "metrics.json").read_text())["operating_points"]
    twin = next(point for point in points if point["method"] == "permuted") | {"method": "twin"}
    return {"operating_points": [*points, twin], "twin_lead": differences(value, reach)}


def test_a_twin_is_shown_where_it_was_measured(with_metrics, tiny_checkpoint):
    fields = new_fields() | _with_twin(tiny_checkpoint, 0.004, 0.01)
    app = with_metrics(**fields | {"seeds": [row | {"twin": 0.01 * row["seed"]} for row in fields["seeds"]]})
    assert not app.exception and not app.error
    assert "Perhaps habit" in texts(app) and "(95 % interval -0.60 to +1.40)" in texts(app)
    assert "**Twin that never looks**: trained alike" in texts(app) and "--twin" not in texts(app)
    assert "The twin that never looks is another network" in texts(app)
    assert table(app, "Twin") == ["+0.00", "+1.00", "+0.50", "0.71"], "two seeds, mean and spread"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("overview", "the **twin that never looks**"),
        ("trade_off", "The twin that never looks is another network"),
        ("guide", "own choice minus twin is -2.00 points (95 % interval -3.00 to -1.00): the gain is habit"),
    ],
)
def test_other_pages_know_the_twin(page, words, with_metrics, tiny_checkpoint):
    fields = {"instance_gain": differences(0.02, 0.01)} | _with_twin(tiny_checkpoint, -0.02, 0.01)
    app = with_metrics(page, {"step": "5"} if page == "guide" else None, **fields)
    assert not app.exception and not app.error
    assert words in texts(app)


def test_without_a_twin_a_gain_may_be_habit_and_a_command_tells(with_metrics, tmp_path):
    text = texts(with_metrics(**new_fields()))
    assert "may be habit" in text and f"den evaluate {tmp_path / 'copy'} --twin TWIN --write" in text
    assert "may be habit" in texts(with_metrics("guide", {"step": "5"}, instance_gain=differences(0.02, 0.01)))
    assert "may be habit" not in texts(with_metrics(instance_gain=differences(-0.02, 0.01)))


def test_a_twin_that_some_seeds_lack_leaves_a_gap():
    row = dict.fromkeys(("chosen", "permuted", "static", "random", "full", "gain", "lead"), 0.5) | {"mean_macs": 4e6}
    table = seeds_table(pd.DataFrame([row | {"seed": 0, "twin": np.nan}, row | {"seed": 1, "twin": 0.02}]))
    assert table["Twin"].tolist() == ["", "+2.00", "+2.00", ""]
