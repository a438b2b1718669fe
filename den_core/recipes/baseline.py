"""Networks that always run in full, which a recipe's network is measured against: trained alike, on as many images."""

from __future__ import annotations

import dataclasses

from den_core.config import Recipe, TaskConfig
from den_core.recipes.training import runs_per_image


def baseline(base: Recipe, task: str) -> Recipe:
    """The paper's Baseline for one task of a recipe: a network of its own, see `always_full`."""
    alone = dataclasses.replace(base.network.task(task), image_of="")
    made = always_full(base, (alone,))
    return dataclasses.replace(
        made,
        name=f"{base.name}-baseline-{task}",
        description=f"A separate network for {task}, always run in full, trained as {base.name} is",
    )


def always_full(base: Recipe, tasks: tuple[TaskConfig, ...] = ()) -> Recipe:
    """A recipe whose network has no choice: every image runs in full, once.

    It runs as many images as the recipe's estimator does, with the same optimiser and augmentation, in one turn: its
    learning rate comes down once instead of once per round. Where the estimator runs images twice to distil, its
    batches are larger by as much.

    Args:
        tasks: some of the recipe's; all of them if empty.
    """
    t, joint = base.training, base.training.estimator
    tasks = tasks or base.network.tasks
    images = {task.name: t.batch_of(base.network.image_tasks[task.name]) for task in tasks if not task.image_of}
    runs = runs_per_image(joint)  # the last turn, and one in full, run every image once
    batches = {name: round(count * runs) for name, count in images.items()}
    times = runs * (joint.first_steps + (t.rounds - 1) * joint.round_steps) + joint.full_steps + joint.last_steps
    estimator = dataclasses.replace(
        joint,
        first_steps=round(times * sum(images.values()) / sum(batches.values())),
        full_steps=0,
        elastic_rate=1.0,
        last_steps=0,
        first_structures="eq8",
        tau=1.0,
        distillation=0.0,
        distilled_share=1.0,
        round_steps=0,
    )
    return dataclasses.replace(
        base,
        network=dataclasses.replace(base.network, tasks=tasks),
        training=dataclasses.replace(
            t,
            rounds=1,
            estimator=estimator,
            selector=dataclasses.replace(t.selector, steps=0, label_steps=0),
            batch_size=batches if len(batches) > 1 else next(iter(batches.values())),
        ),
    )
