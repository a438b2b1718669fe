"""What a run leaves behind for people to look at."""

import csv

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from den_core.training.history import COLUMNS, HistoryRow, history_csv


def test_history_csv_has_a_line_per_row():
    row = HistoryRow(5, 0, "estimator", 80, 0.1, 1 / 3, 0.5, 0.25, 0.4, 1.5e7, 3, 2.0, "a=0.4 b=0.5")

    lines = list(csv.DictReader(history_csv([row, row]).splitlines()))

    assert tuple(lines[0]) == COLUMNS and len(lines) == 2
    assert lines[0]["loss"] == "0.333333" and lines[0]["validation_by_task"] == "a=0.4 b=0.5"


def test_tensorboard_holds_the_curves(tiny_checkpoint):
    events = EventAccumulator(str(tiny_checkpoint / "tensorboard")).Reload()

    curves = set(events.Tags()["scalars"])
    assert {"loss", "accuracy", "usage", "learning_rate", "validation_accuracy", "validation_mean_macs"} <= curves
    assert [event.step for event in events.Scalars("validation_accuracy")] == [5, 6, 10]
