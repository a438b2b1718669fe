"""How networks are trained: the paper's hyper-parameters, and ours."""

from __future__ import annotations

import dataclasses

from den_core.config import EstimatorTurnConfig, SelectorConfig, SelectorTurnConfig, TrainingConfig

TEMPERATURE = 0.02
"Nats; about the spread of a block's critic values over images, where choices should be soft."


def paper_training() -> TrainingConfig:
    """The paper's hyper-parameters, where it gives them: SGD 0.1 Nesterov 0.9, Adam 1e-5, batch 128, τ 0.75, Eq. 7,
    learning rates that fall three times in all, four pixels of padding at every image size.

    The numbers of steps are the authors' code's; the paper says "until convergence". ρ is the paper's 0.1, one sample
    would be the authors' choice, two let the samples be each other's control variate.
    """
    return TrainingConfig(
        rounds=10,
        estimator=EstimatorTurnConfig(first_steps=78_200, round_steps=15_642, tau=0.75, schedule="whole_run"),
        selector=SelectorTurnConfig(
            steps=4_693, rho=0.1, samples=2, control_variate="leave_one_out", schedule="whole_run"
        ),
        crop_pixels=4,
        batch_size=128,
        report_every=1000,
        save_every=1000,
    )


def fast_training() -> TrainingConfig:
    """Ours: minutes on two CPU cores instead of a hundred million images.

    bfloat16, channels last, one-cycle learning rates, the dispatched estimator. The selector's gradient takes an
    additive critic as its control variate (Eq. 7 stays unbiased, see `training.objective`), and C is a correction of
    the critic's Boltzmann distribution (see `Selector`). Its temperature equals the weight of the entropy bonus: then
    the distribution that the critic alone would call for is the optimum of the objective, up to the penalty S(z).

    Every image of an estimator's step runs in full, and again with a structure that learns from the full run's answer;
    Muon updates the blocks' convolutions of both networks; images are turned and zoomed. The selector first learns to
    classify, so that it knows how hard an image is. A last turn trains the structures that inference takes, at the own
    choice and at random cost weights, from labels. Batches are small, since what tasks that share a network lack is
    steps. What the parts bought is measured in `assets/study/README.md`.
    """
    return TrainingConfig(
        rounds=1,
        estimator=EstimatorTurnConfig(
            first_steps=4800,
            round_steps=0,
            last_steps=1600,
            first_structures="densities",
            distillation=1.0,
            learning_rate=0.1,
            matrix_learning_rate=0.02,
            weight_decay=5e-4,
            label_smoothing=0.1,
            schedule="one_cycle",
            round_decay=0.35,
            uniform_share=0.05,
            dial_share=0.25,
            execution="dispatched",
        ),
        selector=SelectorTurnConfig(
            steps=1000,
            label_steps=3000,
            rho=0.5,
            samples=4,
            control_variate="critic",
            learning_rate=1e-3,
            matrix_learning_rate=0.02,
            schedule="one_cycle",
            epsilon_start=0.0,
            entropy_weight=TEMPERATURE,
            probability_floor=0.05,
            critic_samples=2,
            dial_samples=2,
        ),
        batch_size=128,
        precision="bf16-mixed",
        channels_last=True,
        class_balanced=True,
        rotation=10.0,
        zoom=0.1,
        erase=0.25,
        report_every=400,
        save_every=400,
    )


def fast_selector(temperature: float) -> SelectorConfig:
    """Ours: a critic whose values the choice is read from, and an auxiliary head that knows how hard an image is."""
    return SelectorConfig(critic=True, uniform_start=True, temperature=temperature, auxiliary=True)


def runs_per_image(stage: EstimatorTurnConfig) -> float:
    """How often an image of a step runs through the estimator, on average, before the last turn."""
    return 1 + stage.distilled_share if stage.distillation else 1.0


def scaled(training: TrainingConfig, steps: int) -> TrainingConfig:
    """The same training with a first turn of so many steps; the other turns keep their proportion to it."""
    estimator, selector = training.estimator, training.selector
    scale = steps / estimator.first_steps
    return dataclasses.replace(
        training,
        estimator=dataclasses.replace(
            estimator,
            full_steps=round(scale * estimator.full_steps),
            first_steps=steps,
            round_steps=round(scale * estimator.round_steps),
            last_steps=round(scale * estimator.last_steps),
        ),
        selector=dataclasses.replace(
            selector, steps=round(scale * selector.steps), label_steps=round(scale * selector.label_steps)
        ),
    )


def faster(training: TrainingConfig, factor: float) -> TrainingConfig:
    """The same training with all learning rates times a factor."""

    def changed(turn):
        rates = {name: factor * getattr(turn, name) for name in ("learning_rate", "matrix_learning_rate")}
        return dataclasses.replace(turn, **rates)

    return dataclasses.replace(training, estimator=changed(training.estimator), selector=changed(training.selector))


def plain_training(fast: TrainingConfig) -> TrainingConfig:
    """The paper's form in the time of a training of ours: what everything that we added is measured against.

    Eq. 4 to 8 and Algorithm 1 as they stand – one structure per image, SGD, learning rates that fall in steps, a policy
    gradient without a critic – on as many image runs. The selector's learning rate is the authors' code's 1e-3: the
    paper's 1e-5 would not move in so few steps. bfloat16 and dispatched execution only save time.
    """
    paper, runs, sizes = paper_training(), runs_per_image(fast.estimator), fast.batch_size
    return dataclasses.replace(
        paper,
        rounds=2,
        estimator=dataclasses.replace(
            paper.estimator,
            first_steps=fast.estimator.first_steps,
            round_steps=fast.estimator.last_steps,
            execution="dispatched",
        ),
        selector=dataclasses.replace(paper.selector, steps=fast.selector.steps, rho=0.5, learning_rate=1e-3),
        batch_size=round(runs * sizes)
        if isinstance(sizes, int)
        else {task: round(runs * size) for task, size in sizes.items()},
        precision=fast.precision,
        channels_last=fast.channels_last,
        class_balanced=fast.class_balanced,
        report_every=200,
        save_every=200,
    )
