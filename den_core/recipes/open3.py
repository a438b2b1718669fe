"""The shipped sets: fashion, emoji and clip art together, and scikit-learn's digits."""

from __future__ import annotations

import dataclasses

from den_core.config import TrainingConfig
from den_core.recipes.row import Row
from den_core.recipes.training import TEMPERATURE, fast_selector, fast_training, paper_training, plain_training


def open3_training() -> TrainingConfig:
    """A quarter of the images run twice, in 1.6 times as many steps: about as many image runs, more labelled images."""
    training = fast_training()
    return dataclasses.replace(
        training,
        estimator=dataclasses.replace(training.estimator, first_steps=7680, distilled_share=0.25, full_share=0.25),
        selector=dataclasses.replace(training.selector, label_steps=6000),
        batch_size={"fashion": 18, "emoji": 20, "clipart": 10},
    )


def lite0_training() -> TrainingConfig:
    """A pretrained network: heads fitted, fine-tuned in full, then made elastic, at rates that leave most of it.

    Batches are too small and too unlike for statistics of their own, so norms go by the pretrained ones.
    """
    training = open3_training()
    return dataclasses.replace(
        training,
        estimator=dataclasses.replace(
            training.estimator,
            full_steps=900,
            first_steps=600,
            last_steps=300,
            optimizer="adamw",
            statistics="frozen",
            learning_rate=1e-4,
            elastic_rate=1.0,
            matrix_learning_rate=0.0,
            weight_decay=0.05,
            distilled_share=1.0,
        ),
        selector=dataclasses.replace(
            training.selector, steps=250, label_steps=500, matrix_learning_rate=0.0, dial_samples=1, critic_samples=1
        ),
        batch_size={"fashion": 10, "emoji": 16, "clipart": 12},
        report_every=200,
        save_every=100,
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
        description="Fashion, emoji and clip art on WRN-20-2, about 100 minutes on one CPU core",
        scenario="open3",
        backbone="wrn-20-2",
        training=open3_training(),
        selector=fast_selector(TEMPERATURE),
    ),
    "open3-plain": Row(
        description="Fashion, emoji and clip art on WRN-20-2 by the paper's plain form, in as many image runs",
        scenario="open3",
        backbone="wrn-20-2",
        training=plain_training(open3_training()),
    ),
    "open3-lite0": Row(
        description="Fashion, emoji and clip art on a pretrained EfficientNet-Lite0, for CPUs",
        scenario="open3",
        backbone="efficientnet-lite0",
        training=lite0_training(),
        selector=fast_selector(TEMPERATURE),
        start="timm:tf_efficientnet_lite0",
    ),
    "digits-fast": Row(
        description="scikit-learn's digits on WRN-8-1, under a minute on two CPU cores",
        scenario="digits",
        backbone="wrn-8-1",
        training=digits_training(),
        selector=fast_selector(0.1),
    ),
}
