"""The course of a training run."""

from __future__ import annotations

import pandas as pd
import pytest

from den_core.analysis.history import Turn, check_history, turns, validation_by_task
from den_core.errors import CheckpointError

HISTORY = pd.DataFrame(
    {
        "step": [1, 2, 3, 4],
        "round": [0, 0, 0, 1],
        "network": ["estimator", "estimator", "selector", "estimator"],
        "images_seen": [10, 20, 30, 40],
        "learning_rate": 0.1,
        "loss": 1.0,
        "accuracy": 0.5,
        "seconds": [1.0, 2.0, 5.0, 6.0],
        "validation_by_task": ["a=0.5 b=0.25", "a=0.6 b=0.35", "a=0.7", "a=0.8 b=0.45"],
    }
)


def test_turns_follow_each_other_without_gaps():
    assert turns(HISTORY) == [
        Turn("estimator", 0, 0, 20, 2.0),
        Turn("selector", 0, 20, 30, 3.0),
        Turn("estimator", 1, 30, 40, 1.0),
    ]


def test_one_row_is_one_turn():
    assert turns(HISTORY.head(1)) == [Turn("estimator", 0, 0, 10, 1.0)]


def test_a_run_that_has_only_begun_has_no_turn():
    assert turns(check_history(HISTORY.head(0).astype(object))) == []


def test_accuracy_by_task_comes_in_columns():
    found = validation_by_task(HISTORY)
    assert found["a"].tolist() == [0.5, 0.6, 0.7, 0.8]
    assert found["b"].isna().tolist() == [False, False, True, False]


def test_a_task_name_may_hold_an_equals_sign():
    assert validation_by_task(HISTORY.head(1).assign(validation_by_task="x=y=0.5"))["x=y"].tolist() == [0.5]


def test_an_entry_that_is_no_number_is_an_error():
    with pytest.raises(CheckpointError, match="validation_by_task"):
        validation_by_task(HISTORY.assign(validation_by_task="a=high"))


def test_a_missing_column_and_words_for_numbers_are_errors():
    with pytest.raises(CheckpointError, match="column loss"):
        check_history(HISTORY.drop(columns="loss"))
    with pytest.raises(CheckpointError, match="numbers in loss"):
        check_history(HISTORY.assign(loss="high"))
    assert check_history(HISTORY) is HISTORY
