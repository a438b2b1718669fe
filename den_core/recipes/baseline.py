"""The separate networks that a recipe's network is measured against."""

from __future__ import annotations

import dataclasses

from den_core.config import Recipe
from den_core.recipes.training import runs_per_image


def baseline(base: Recipe, task: str) -> Recipe:
    """The paper's Baseline for one task of a recipe: a network of its own that always runs in full.

    It runs as many of the task's images as the recipe's estimator does, with the same optimiser and augmentation, in
    one turn: its learning rate comes down once instead of once per round. Where the estimator runs images twice to
    distil, its batches are larger by as much.
    """
    t, joint = base.training, base.training.estimator
    shared = base.network.task(task)
    alone = dataclasses.replace(shared, image_of="")
    images = t.batch_of(shared.image_of or task)
    runs = runs_per_image(joint)  # the last turn runs every image once
    batch = round(images * runs)
    total = images * (runs * (joint.first_steps + (t.rounds - 1) * joint.round_steps) + joint.last_steps)
    estimator = dataclasses.replace(
        joint,
        first_steps=round(total / batch),
        last_steps=0,
        first_structures="eq8",
        tau=1.0,
        distillation=0.0,
        distilled_share=1.0,
        round_steps=0,
    )
    return dataclasses.replace(
        base,
        name=f"{base.name}-baseline-{task}",
        description=f"A separate network for {task}, always run in full, trained as {base.name} is",
        network=dataclasses.replace(base.network, tasks=(alone,)),
        training=dataclasses.replace(
            t,
            rounds=1,
            estimator=estimator,
            selector=dataclasses.replace(t.selector, steps=0, label_steps=0),
            batch_size=batch,
        ),
    )
