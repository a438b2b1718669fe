"""What a run leaves behind for people to look at."""

import csv

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from den_core.training.history import COLUMNS, HistoryRow, history_csv
from den_core.training.setup import Execution
from den_core.training.trainer import Trainer


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


def test_a_run_counts_its_images_and_its_work(with_last_turn, digits_data, tmp_path):
    """Two turns of 6 and 4 steps with batches of 12, run twice, and a last one of 4; selector turns of 4 steps each."""
    trainer = Trainer(with_last_turn, digits_data, Execution(tmp_path, accelerator="cpu", progress=False))

    rows = trainer.run().rows

    assert [row.image_runs for row in rows] == sorted(row.image_runs for row in rows)
    assert rows[-1].image_runs == (6 + 4) * 2 * 12 + 4 * 12
    full = int(trainer.table.block_macs[:, -1].sum()) + trainer.table.task_macs["digits"]
    look = trainer.table.selector_macs["digits"]
    assert rows[0].image_runs * full * 3 / 2 < rows[0].training_macs < rows[0].image_runs * full * 3
    chose = next(i for i, row in enumerate(rows) if row.network == "selector")
    steps = rows[chose].step - rows[chose - 1].step
    spent = rows[chose].training_macs - rows[chose - 1].training_macs
    samples = 12 * steps * (4 + 2 + 2)  # of C, of the critic and of the dial
    assert 0 < spent - 3 * 12 * steps * look <= samples * full
