"""How networks are trained: the paper's hyper-parameters, and ours."""

from __future__ import annotations

from den_core.config import EstimatorStageConfig, SelectorConfig, SelectorStageConfig, TrainingConfig

TEMPERATURE = 0.02
"Nats; about the spread of a block's critic values over images, where choices should be soft."


def paper_training() -> TrainingConfig:
    """The paper's hyper-parameters, where it gives them: SGD 0.1 Nesterov 0.9, Adam 1e-5, batch 128, τ 0.75, Eq. 7.

    The numbers of steps are the authors' code's; the paper says "until convergence". ρ is the paper's 0.1, one sample
    would be the authors' choice, two let the samples be each other's control variate.
    """
    return TrainingConfig(
        rounds=10,
        estimator=EstimatorStageConfig(first_steps=78_200, round_steps=15_642, tau=0.75),
        selector=SelectorStageConfig(steps=4_693, rho=0.1, samples=2, control_variate="leave_one_out"),
        batch_size=128,
        report_every=1000,
        save_every=1000,
    )


def fast_training() -> TrainingConfig:
    """Ours: minutes on two CPU cores instead of a hundred million images.

    bfloat16, channels last, one-cycle learning rates, the dispatched estimator. The selector's gradient takes an
    additive critic as its control variate (Eq. 7 stays unbiased, see `training.objective`), and C is a correction of
    the critic's Boltzmann distribution (see `Selector`). Its temperature equals the weight of the entropy bonus: then
    the distribution that the critic alone would call for is the optimum of the objective, up to the price S(z).

    Every image of an estimator's step runs in full, and again with a structure that learns from the full run's answer;
    Muon updates the blocks' convolutions of both networks; images are turned and zoomed. The selector first learns to
    classify, so that it knows how hard an image is. A last turn trains the structures that inference takes, at the own
    choice and along the dial, from labels. Batches are small, since what tasks that share a network lack is steps. What
    the parts bought is measured in `assets/study/README.md`.
    """
    return TrainingConfig(
        rounds=1,
        estimator=EstimatorStageConfig(
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
        selector=SelectorStageConfig(
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


def runs_per_image(stage: EstimatorStageConfig) -> float:
    """How often an image of a step runs through the estimator, on average, before the last turn."""
    return 1 + stage.distilled_share if stage.distillation else 1.0
