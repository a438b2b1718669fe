"""The shipped sets: fashion, emoji and clip art together, and scikit-learn's digits."""

from __future__ import annotations

import dataclasses

from den_core.config import EstimatorStageConfig, TrainingConfig
from den_core.recipes.row import Row
from den_core.recipes.training import TEMPERATURE, fast_selector, fast_training, runs_per_image, paper_training

FAST = dataclasses.replace(fast_training(), batch_size={"fashion": 18, "emoji": 20, "clipart": 10})


def plain_training() -> TrainingConfig:
    """The paper's form on open3-fast's network, in its time: what everything that we added is measured against.

    Eq. 4 to 8 and Algorithm 1 as they stand – one structure per image, SGD, learning rates that fall in steps, a policy
    gradient without a critic – on as many image runs. The selector's learning rate is the authors' code's 1e-3: the
    paper's 1e-5 would not move in so few steps. Classes are drawn evenly, as there; bfloat16 and dispatched execution
    only save time.
    """
    steps = FAST.estimator
    return dataclasses.replace(
        paper_training(),
        rounds=2,
        estimator=EstimatorStageConfig(
            first_steps=steps.first_steps, round_steps=steps.last_steps, execution="dispatched"
        ),
        selector=dataclasses.replace(paper_training().selector, steps=FAST.selector.steps, rho=0.5, learning_rate=1e-3),
        batch_size={task: round(runs_per_image(steps) * size) for task, size in FAST.batch_size.items()},
        precision="bf16-mixed",
        channels_last=True,
        class_balanced=True,
        report_every=200,
        save_every=200,
    )


def digits_training() -> TrainingConfig:
    """Two rounds of a few dozen steps."""
    training = fast_training()
    return dataclasses.replace(
        training,
        rounds=2,
        estimator=dataclasses.replace(training.estimator, first_steps=80, round_steps=40, last_steps=20),
        selector=dataclasses.replace(training.selector, steps=40, label_steps=40, entropy_weight=0.1),
        batch_size=64,
        flip=False,
        erase=0.0,
        report_every=40,
        save_every=40,
    )


ROWS = {
    "open3-paper": Row(
        description="Fashion, emoji and clip art on WRN-32-4 with the paper's hyper-parameters; meant for a GPU",
        scenario="open3",
        backbone="wrn-32-4",
        training=paper_training(),
    ),
    "open3-fast": Row(
        description="Fashion, emoji and clip art on WRN-20-2, about 80 minutes on one CPU core",
        scenario="open3",
        backbone="wrn-20-2",
        training=FAST,
        selector=fast_selector(TEMPERATURE),
    ),
    "open3-plain": Row(
        description="Fashion, emoji and clip art on WRN-20-2 by the paper's plain form, in as many image runs",
        scenario="open3",
        backbone="wrn-20-2",
        training=plain_training(),
    ),
    "digits-fast": Row(
        description="scikit-learn's digits on WRN-8-1, under a minute on two CPU cores",
        scenario="digits",
        backbone="wrn-8-1",
        training=digits_training(),
        selector=fast_selector(0.1),
    ),
}
