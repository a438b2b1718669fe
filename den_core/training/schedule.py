"""The turns of Algorithm 1 and the learning rate at every step of them."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal, assert_never

from den_core.config import Schedule, TrainingConfig

WARM_UP = 0.15
"Share of a one-cycle turn in which the learning rate rises."


@dataclass(frozen=True)
class Turn:
    """One turn: `network` is trained for `steps` steps in a round, beginning at step `start` of the run.

    Rounds count from 0 to S-1; an estimator's turn in round S is the one after Algorithm 1's end.
    """

    network: Literal["estimator", "selector"]
    round: int
    steps: int
    start: int
    labels_only: bool = False
    "Whether only the selector's auxiliary head learns, from labels."
    in_full: bool = False
    "Whether every image runs in full, from labels alone."
    tasks: tuple[str, ...] = ()
    "Whose images it shows; none named is all tasks."
    before: int = 0
    "Steps of earlier turns that train the same network."
    of: int = 0
    "Steps of all turns that train it; 0 where there is no other."


def turns(config: TrainingConfig) -> list[Turn]:
    """Algorithm 1 as a list: in every round the estimator, then the selector.

    Ours adds a turn in full before it, one for the auxiliary head before the first choice, and one for the estimator
    after the last.
    """
    plan: list[Turn] = []
    start = config.estimator.full_steps
    if start:
        plan.append(Turn("estimator", 0, start, 0, in_full=True))
    for r in range(config.rounds):
        first = r == 0
        estimator_steps = config.estimator.first_steps if first else config.estimator.round_steps
        plan.append(Turn("estimator", r, estimator_steps, start))
        start += estimator_steps
        if first and config.selector.label_steps > 0:
            plan.append(Turn("selector", r, config.selector.label_steps, start, labels_only=True))
            start += config.selector.label_steps
        plan.append(Turn("selector", r, config.selector.steps, start))
        start += config.selector.steps
    if config.estimator.last_steps:
        plan.append(Turn("estimator", config.rounds, config.estimator.last_steps, start))
    return _counted(plan)


def _counted(plan: list[Turn]) -> list[Turn]:
    """Every turn with its place among those that train the same network from all of its losses."""
    total, done = Counter[str](), Counter[str]()
    for turn in plan:
        total[turn.network] += 0 if turn.labels_only else turn.steps
    counted = []
    for turn in plan:
        counted.append(dataclasses.replace(turn, before=done[turn.network], of=total[turn.network]))
        done[turn.network] += 0 if turn.labels_only else turn.steps
    return counted


def learning_rate(peak: float, schedule: Schedule, round_decay: float, turn: Turn, step: int) -> float:
    """LR at a step (0 … turn.steps-1) of a turn.

    "steps": the peak, a tenth of it from the middle, a hundredth from three quarters.
    "whole_run": a tenth of it after every quarter of all turns that train the network.
    "one_cycle": a linear rise over the first 15 % and a cosine down to 0.
    """
    peak = peak * round_decay**turn.round
    done = step / turn.steps
    match schedule:
        case "steps":
            return peak * (1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01)
        case "whole_run":
            quarters = 4 * (turn.before + step) // (turn.of or turn.steps)
            return peak * 0.1 ** min(quarters, 3)
        case "one_cycle":
            rise = max(1, round(WARM_UP * turn.steps))
            if step < rise:
                return peak * (step + 1) / rise
            return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, turn.steps - rise)))
        case _:
            assert_never(schedule)
