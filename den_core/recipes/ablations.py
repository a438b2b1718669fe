"""Figure 5's ablations: how many levels, and which structures the estimator meets first.

The paper's form of training on CIFAR-100 and WRN-32-4, so that nothing but the one thing differs.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from den_core.config import TrainingConfig
from den_core.recipes.row import Row
from den_core.recipes.training import fast_training, plain_training, scaled

LEVELS = {
    "2": (0.0, 1.0),
    "3": (0.0, 0.5, 1.0),
    "4": (0.0, 0.25, 0.5, 1.0),
    "5": (0.0, 0.25, 0.5, 0.75, 1.0),
}
"Shares of a block's hidden channels, by the number of levels."
STARTS: dict[str, dict[str, Any]] = {
    "eq8": {"first_structures": "eq8", "tau": 0.75},
    "uniform": {"first_structures": "eq8", "tau": 0.0},
    "selector": {"first_structures": "selector"},
}
"Where the first turn's structures come from: Eq. 8, the uniform distribution, a selector that was not trained yet."


def training(**first_turn: Any) -> TrainingConfig:
    """The paper's form, in as many image runs as ours has in 12,000 steps of 64 images."""
    fast = dataclasses.replace(scaled(fast_training(), 12_000), batch_size=64, class_balanced=False)
    plain = plain_training(fast)
    return dataclasses.replace(plain, estimator=dataclasses.replace(plain.estimator, **first_turn))


def row(title: str, **fields) -> Row:
    """CIFAR-100 on WRN-32-4."""
    return Row(description=f"Figure 5: {title}", scenario="c1-cifar100", backbone="wrn-32-4", **fields)


ROWS: dict[str, Row] = {
    f"figure5-levels-{count}": row(f"{count} levels", training=training(), level_fractions=fractions)
    for count, fractions in LEVELS.items()
} | {
    f"figure5-start-{name}": row(f"first structures from {name}", training=training(**fields))
    for name, fields in STARTS.items()
}
