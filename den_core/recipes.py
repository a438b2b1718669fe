"""Complete training configurations by name: one small function each. A variant calls another one and changes fields."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from den_core.config import (
    BackboneConfig,
    EstimatorStageConfig,
    NetworkConfig,
    Recipe,
    SelectorConfig,
    SelectorStageConfig,
    TaskConfig,
    TrainingConfig,
)
from den_core.data.tasks import SCENARIOS, find_task, task_from_source
from den_core.errors import ConfigError
from den_core.models.registry import find_backbone

TEMPERATURE = 0.02
"Nats; about the spread of a block's critic values over images, where choices should be soft."


def network(scenario: str, backbone: str, selector: SelectorConfig | None = None) -> NetworkConfig:
    """The tasks of a scenario on a backbone."""
    return NetworkConfig(
        backbone=paper_levels(backbone),
        tasks=tuple(find_task(name) for name in SCENARIOS[scenario]),
        selector=selector or SelectorConfig(),
    )


def paper_levels(backbone: str) -> BackboneConfig:
    """A backbone with the levels that the paper gives it. ConfigError with the names there are."""
    return BackboneConfig(name=backbone, level_fractions=find_backbone(backbone).level_fractions)


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


def open3_paper() -> Recipe:
    """open3 on WRN-32-4 with the paper's hyper-parameters; meant for a GPU."""
    return Recipe(
        name="open3-paper",
        description="Fashion, emoji and clip art on WRN-32-4 with the paper's hyper-parameters",
        network=network("open3", "wrn-32-4"),
        training=paper_training(),
    )


def open3_fast() -> Recipe:
    """open3 on WRN-20-2 in about 80 minutes on one CPU core."""
    return Recipe(
        name="open3-fast",
        description="Fashion, emoji and clip art on WRN-20-2, about 80 minutes on one CPU core",
        network=network("open3", "wrn-20-2", fast_selector(TEMPERATURE)),
        training=dataclasses.replace(fast_training(), batch_size={"fashion": 18, "emoji": 20, "clipart": 10}),
    )


def open3_plain() -> Recipe:
    """The paper's form on open3-fast's network, in its time: what everything that we added is measured against.

    Eq. 4 to 8 and Algorithm 1 as they stand – one structure per image, SGD, learning rates that fall in steps, a policy
    gradient without a critic – on as many image runs. The selector's learning rate is the authors' code's 1e-3: the
    paper's 1e-5 would not move in so few steps. Classes are drawn evenly, as there; bfloat16 and dispatched execution
    only save time.
    """
    fast = open3_fast()
    sizes, steps = fast.training.batch_size, fast.training.estimator
    training = dataclasses.replace(
        paper_training(),
        rounds=2,
        estimator=EstimatorStageConfig(
            first_steps=steps.first_steps, round_steps=steps.last_steps, execution="dispatched"
        ),
        selector=SelectorStageConfig(steps=fast.training.selector.steps, rho=0.5, learning_rate=1e-3),
        batch_size={task: round(runs_per_image(steps) * size) for task, size in sizes.items()},
        precision="bf16-mixed",
        channels_last=True,
        class_balanced=True,
        report_every=200,
        save_every=200,
    )
    return dataclasses.replace(
        fast,
        name="open3-plain",
        description="Fashion, emoji and clip art on WRN-20-2 by the paper's plain form, in as many image runs",
        network=network("open3", "wrn-20-2"),
        training=training,
    )


def digits_fast() -> Recipe:
    """scikit-learn's digits on the smallest network: a real training in under a minute."""
    training = fast_training()
    return Recipe(
        name="digits-fast",
        description="scikit-learn's digits on WRN-8-1, under a minute on two CPU cores",
        network=network("digits", "wrn-8-1", fast_selector(0.1)),
        training=dataclasses.replace(
            training,
            rounds=2,
            estimator=dataclasses.replace(training.estimator, first_steps=80, round_steps=40, last_steps=20),
            selector=dataclasses.replace(training.selector, steps=40, label_steps=40, entropy_weight=0.1),
            batch_size=64,
            flip=False,
            erase=0.0,
            report_every=40,
            save_every=40,
        ),
    )


def baseline(base: Recipe, task: str) -> Recipe:
    """The paper's Baseline for one task of a recipe: a network of its own that always runs in full.

    It runs as many of the task's images as the recipe's estimator does, with the same optimiser and augmentation, in
    one turn: its learning rate comes down once instead of once per round. Where the estimator runs images twice to
    distil, its batches are larger by as much.
    """
    t, joint = base.training, base.training.estimator
    runs = runs_per_image(joint)  # the last turn runs every image once
    estimator = dataclasses.replace(
        joint,
        first_steps=joint.first_steps + (t.rounds - 1) * joint.round_steps + round(joint.last_steps / runs),
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
        description=f"A full network of its own for {task}, trained as {base.name} is",
        network=dataclasses.replace(base.network, tasks=(base.network.task(task),)),
        training=dataclasses.replace(
            t,
            rounds=1,
            estimator=estimator,
            selector=dataclasses.replace(t.selector, steps=0, label_steps=0),
            batch_size=round(t.batch_of(task) * runs),
        ),
    )


def runs_per_image(stage: EstimatorStageConfig) -> float:
    """How often an image of a step runs, on average, before the last turn."""
    return 1 + stage.distilled_share if stage.distillation else 1.0


def _open3_baseline(task: str) -> Recipe:
    return baseline(open3_fast(), task)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "open3-paper": open3_paper,
    "open3-fast": open3_fast,
    "open3-plain": open3_plain,
    "digits-fast": digits_fast,
} | {f"open3-fast-baseline-{task}": functools.partial(_open3_baseline, task) for task in SCENARIOS["open3"]}


def recipe(name: str) -> Recipe:
    """The recipe of that name. ConfigError with the names there are."""
    if name not in RECIPES:
        raise ConfigError(f"expected one of the recipes {', '.join(RECIPES)}, found {name!r}")
    return RECIPES[name]()


def with_options(
    base: Recipe, tasks: list[str], backbone: str | None, rho: float | None, seed: int
) -> Recipe:
    """A recipe with a user's choices.

    Args:
        tasks: "NAME=SOURCE@SIZE" each; an empty list keeps the recipe's.
        backbone, rho: None keeps the recipe's; a ρ holds for every turn.
    """
    find_backbone(backbone or base.network.backbone.name)  # a wrong name is told before any image is decoded
    made = tuple(parse_task(text) for text in tasks)
    net = base.network
    net = dataclasses.replace(
        net,
        tasks=made or net.tasks,
        backbone=paper_levels(backbone) if backbone else net.backbone,
    )
    training = base.training
    if made and isinstance(training.batch_size, dict):
        training = dataclasses.replace(training, batch_size=sum(training.batch_size.values()) // len(made))
    if rho is not None:
        selector = dataclasses.replace(training.selector, rho=rho, final_rho=None)
        training = dataclasses.replace(training, selector=selector)
    return dataclasses.replace(base, network=net, training=training, seed=seed)


def parse_task(text: str) -> TaskConfig:
    """A task from "NAME=SOURCE@SIZE", such as "pets=folder:data/pets@64". ConfigError says what is wrong."""
    name, equals, rest = text.partition("=")
    source, at, size = rest.rpartition("@")
    if not (equals and at and size.isdigit()):
        raise ConfigError(f"expected a task as NAME=SOURCE@SIZE, such as pets=folder:data/pets@64, found {text!r}")
    return task_from_source(name, source, int(size))


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
                t.estimator, first_steps=3, round_steps=2, last_steps=min(2, t.estimator.last_steps)
            ),
            selector=dataclasses.replace(t.selector, steps=3, label_steps=min(3, t.selector.label_steps)),
            batch_size=8,
            report_every=3,
            save_every=3,
        ),
    )
