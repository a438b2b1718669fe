"""A few steps of a recipe."""

from __future__ import annotations

import dataclasses

from den_core.config import Recipe

TRAINED = 200
"Training images of every task that a smoke run takes."
IMAGES = 6
"Images of all tasks together in a step, and of either split that is measured; at least two of a task."
SHARES = (0.5,)
"Of the full MACs, at which it measures the cost-weight curve."


def smoke_images(full: Recipe) -> int:
    """Images of every task in a smoke run's step, and of its measurements."""
    return max(2, IMAGES // len(full.network.tasks))


def smoke(full: Recipe) -> Recipe:
    """The same recipe for a few steps, to see within a minute that all of it runs."""
    t = full.training
    return dataclasses.replace(
        full,
        name=f"{full.name}-smoke",
        training=dataclasses.replace(
            t,
            rounds=2,
            estimator=dataclasses.replace(
                t.estimator,
                first_steps=3,
                full_steps=min(2, t.estimator.full_steps),
                round_steps=2,
                last_steps=min(2, t.estimator.last_steps),
            ),
            selector=dataclasses.replace(t.selector, steps=3, label_steps=min(3, t.selector.label_steps)),
            batch_size=smoke_images(full),
            report_every=3,
            save_every=3,
        ),
    )
