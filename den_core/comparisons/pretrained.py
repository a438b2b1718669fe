"""What else can be done with a pretrained network: leave it as it is, or show it smaller images.

Both are static and shared by all tasks; `plain.SHARED` is the same network fine-tuned at the tasks' own sizes.
"""

from __future__ import annotations

import dataclasses

from den_core.comparisons.method import Method, in_full, one
from den_core.config import Recipe
from den_core.recipes.baseline import always_full
from den_core.recipes.starts import of_size

SMALL = 64
"Pixels a side."
STILL = 1e-12
"A learning rate that changes nothing."


def probe(base: Recipe) -> Recipe:
    """The pretrained network itself: only the heads are fitted, which happens before the first step."""
    made = always_full(base)
    still = dataclasses.replace(
        made.training.estimator, first_steps=1, learning_rate=STILL, matrix_learning_rate=0.0, weight_decay=0.0
    )
    return dataclasses.replace(made, training=dataclasses.replace(made.training, estimator=still))


def at_most(base: Recipe, size: int) -> Recipe:
    """The full network on images of at most so many pixels a side."""
    tasks = tuple(of_size(task, min(task.size, size)) for task in base.network.tasks)
    return always_full(dataclasses.replace(base, network=dataclasses.replace(base.network, tasks=tasks)))


def started(recipe: Recipe) -> str:
    """What a recipe without a pretrained network lacks."""
    return "" if recipe.start else "a recipe that starts from a pretrained network, such as open3-lite0"


def larger(recipe: Recipe) -> str:
    """The same, and what one lacks whose images are all small."""
    fits = any(task.size > SMALL for task in recipe.network.tasks)
    return started(recipe) or ("" if fits else f"images of more than {SMALL} pixels")


PROBE = Method(
    title="Linear heads on the frozen network",
    source="",
    recipes=one("probe", probe),
    policy=in_full,
    cannot=started,
    pretrained=True,
)
SHARED_SMALL = Method(
    title=f"One shared network at {SMALL} pixels",
    source="",
    recipes=one("shared-small", lambda base: at_most(base, SMALL)),
    policy=in_full,
    cannot=larger,
    pretrained=True,
)
