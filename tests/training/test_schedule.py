"""Turns and learning rates, written out by hand."""

import dataclasses

import pytest

from den_core.config import EstimatorTurnConfig, SelectorTurnConfig, TrainingConfig
from den_core.errors import ConfigError
from den_core.recipes import ROWS, recipe
from den_core.training.schedule import Turn, learning_rate, turns


def test_turns_of_two_rounds():
    config = TrainingConfig(
        rounds=2,
        estimator=EstimatorTurnConfig(first_steps=10, round_steps=4),
        selector=SelectorTurnConfig(steps=6),
    )

    assert turns(config) == [
        Turn("estimator", 0, 10, start=0, of=14),
        Turn("selector", 0, 6, start=10, of=12),
        Turn("estimator", 1, 4, start=16, before=10, of=14),
        Turn("selector", 1, 6, start=20, before=6, of=12),
    ]


def test_turns_beyond_algorithm_1():
    """One for the auxiliary head before the first choice, one for the estimator after the last."""
    config = TrainingConfig(
        rounds=2,
        estimator=EstimatorTurnConfig(first_steps=10, round_steps=4, last_steps=3),
        selector=SelectorTurnConfig(steps=6, label_steps=2),
    )

    assert turns(config) == [
        Turn("estimator", 0, 10, start=0, of=17),
        Turn("selector", 0, 2, start=10, labels_only=True, of=12),
        Turn("selector", 0, 6, start=12, of=12),
        Turn("estimator", 1, 4, start=18, before=10, of=17),
        Turn("selector", 1, 6, start=22, before=6, of=12),
        Turn("estimator", 2, 3, start=28, before=14, of=17),
    ]


def test_steps_schedule_divides_by_ten_at_a_half_and_at_three_quarters():
    turn = Turn("estimator", 0, 8, 0)

    found = [learning_rate(0.8, "steps", 1.0, turn, step) for step in range(8)]

    assert found == pytest.approx([0.8] * 4 + [0.08] * 2 + [0.008] * 2)


def test_over_the_whole_run_the_rate_falls_three_times_and_never_rises_again():
    config = TrainingConfig(
        rounds=3,
        estimator=EstimatorTurnConfig(first_steps=10, round_steps=3, schedule="whole_run"),
        selector=SelectorTurnConfig(steps=6),
    )

    plan = [turn for turn in turns(config) if turn.network == "estimator"]
    found = [learning_rate(0.8, "whole_run", 1.0, turn, step) for turn in plan for step in range(turn.steps)]

    assert found == pytest.approx([0.8] * 4 + [0.08] * 4 + [0.008] * 4 + [0.0008] * 4)


def test_one_cycle_rises_for_15_percent_and_falls_to_nearly_zero():
    """20 steps: thirds of the peak for three steps, then half a cosine over 17."""
    turn = Turn("estimator", 0, 20, 0)

    found = [learning_rate(0.3, "one_cycle", 1.0, turn, step) for step in range(20)]

    assert found[:4] == pytest.approx([0.1, 0.2, 0.3, 0.3])
    assert all(a > b for a, b in zip(found[3:], found[4:], strict=False))
    assert found[11] == pytest.approx(0.15 * (1 + 0.0923), rel=1e-3)  # 8/17 of the way down
    assert 0 < found[19] < 0.01 * 0.3


@pytest.mark.parametrize("schedule", ["steps", "one_cycle"])
def test_every_round_lowers_the_peak(schedule):
    found = [learning_rate(0.1, schedule, 0.6, Turn("estimator", r, 40, 0), 7) for r in range(3)]

    assert found == pytest.approx([found[0], 0.6 * found[0], 0.36 * found[0]])


@pytest.mark.parametrize("schedule", ["steps", "one_cycle"])
def test_a_turn_of_one_step_has_a_rate(schedule):
    assert learning_rate(0.1, schedule, 1.0, Turn("selector", 0, 1, 0), 0) == pytest.approx(0.1)


def test_an_unknown_schedule_is_no_other():
    with pytest.raises(AssertionError, match="bananas"):
        learning_rate(0.1, "bananas", 1.0, Turn("selector", 0, 8, 0), 0)


@pytest.mark.parametrize("name", ROWS)
def test_every_recipe_alternates(name):
    plan = turns(ROWS[name].training)

    rounds = ROWS[name].training.rounds
    chosen = [turn.network for turn in plan if not (turn.labels_only or turn.in_full or turn.round == rounds)]
    assert chosen == ["estimator", "selector"] * rounds
    assert all(a.start + a.steps == b.start for a, b in zip(plan, plan[1:], strict=False))


def test_the_paper_recipe_has_the_papers_numbers():
    training = recipe("open3-paper").training

    assert (training.estimator.tau, training.estimator.learning_rate, training.batch_size) == (0.75, 0.1, 128)
    assert (training.selector.learning_rate, training.selector.rho, training.selector.entropy_weight) == (1e-5, 0.1, 0)
    assert training.estimator.schedule == training.selector.schedule == "whole_run"
    assert {training.padding(side) for side in (32, 64, 96)} == {4}
    assert recipe("open3-paper").network.backbone.name == "wrn-32-4"


def test_the_plain_recipe_has_the_papers_form_and_the_fast_ones_image_runs():
    plain, fast = recipe("open3-plain").training, recipe("open3-fast").training
    paper = recipe("open3-paper").training

    assert _changed(plain.estimator, paper.estimator) <= {"first_steps", "round_steps", "execution"}
    assert _changed(plain.selector, paper.selector) <= {"steps", "rho", "learning_rate"}
    images = sum(fast.batch_size.values())
    runs = (1 + fast.estimator.distilled_share) * images
    assert sum(plain.batch_size.values()) == pytest.approx(runs, rel=0.02)  # whole images of every task
    assert plain.estimator.first_steps == fast.estimator.first_steps


def _changed(stage, original) -> set[str]:
    return {f.name for f in dataclasses.fields(stage) if getattr(stage, f.name) != getattr(original, f.name)}


@pytest.mark.parametrize(
    ("name", "near"),
    [("open3-fats", "open3-fast"), ("M1-WRN32-4", "m1-wrn32-4"), ("open3-fast-baseline-emojis", "emoji")],
)
def test_an_unknown_recipe_names_similar_ones(name, near):
    with pytest.raises(ConfigError, match=f"found '.*'; did you mean {near}"):
        recipe(name)
