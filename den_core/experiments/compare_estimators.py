"""`den study compare-estimators`: what each part of the estimator's first turn buys.

Estimators that differ in one part are trained with the same seeds and batches, each running equally many images, and
measured on the validation split: every fixed level, the full model, and structures of random density.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from den_core.checkpoints.folder import CheckpointInfo
from den_core.config import Recipe
from den_core.evaluation.measuring import EvaluationSet, evaluation_set, measure
from den_core.inference.network import DeepElasticNetwork
from den_core.recipes.training import runs_per_image
from den_core.runtime.processes import leaving
from den_core.seeding import step_generator
from den_core.structures import uniform_structure
from den_core.training.run import LoadedData
from den_core.training.sampling import varied_structures
from den_core.training.setup import Execution
from den_core.training.trainer import Trainer


def first_turn(base: Recipe, steps: int) -> Recipe:
    """A recipe's first estimator turn alone."""
    t = base.training
    training = dataclasses.replace(
        t,
        rounds=1,
        estimator=dataclasses.replace(t.estimator, first_steps=steps, last_steps=0),
        selector=dataclasses.replace(t.selector, steps=0, label_steps=0),
        report_every=steps,
        save_every=steps,
    )
    return dataclasses.replace(base, training=training)


def plain(base: Recipe) -> Recipe:
    """Every image once, with a structure from Eq. 8 (τ = 0.5), SGD: Eq. 4 as the paper has it.

    The batch is larger by as much as the recipe runs images twice.
    """
    t = base.training
    runs = runs_per_image(t.estimator)
    return dataclasses.replace(
        base,
        training=dataclasses.replace(
            t,
            estimator=dataclasses.replace(
                t.estimator, distillation=0.0, first_structures="eq8", tau=0.5, matrix_learning_rate=0.0
            ),
            batch_size={task.name: round(runs * t.batch_of(task.name)) for task in base.network.tasks},
            rotation=0.0,
            zoom=0.0,
        ),
    )


def shared_norms(base: Recipe) -> Recipe:
    """`plain` with one set of running statistics for all levels, which can only be trained masked."""
    arm = plain(base)
    backbone = dataclasses.replace(arm.network.backbone, norm_statistics="shared")
    estimator = dataclasses.replace(arm.training.estimator, execution="masked")
    return dataclasses.replace(
        arm,
        network=dataclasses.replace(arm.network, backbone=backbone),
        training=dataclasses.replace(arm.training, estimator=estimator),
    )


def densities(base: Recipe) -> Recipe:
    """`plain` with structures of every density."""
    return _with_estimator(plain(base), first_structures="densities")


def distilled(base: Recipe) -> Recipe:
    """Every image in full and with a structure of any density that learns from the full run's answer; SGD."""
    arm = dataclasses.replace(base, training=dataclasses.replace(base.training, rotation=0.0, zoom=0.0))
    return _with_estimator(arm, first_structures="densities", distillation=1.0, matrix_learning_rate=0.0)


def muon(base: Recipe) -> Recipe:
    """`distilled` with Muon for the blocks' convolutions."""
    return _with_estimator(distilled(base), matrix_learning_rate=0.02)


def large_batches(base: Recipe) -> Recipe:
    """The recipe with twice the images in a step, and so half the steps."""
    t = base.training
    batch_size = {task.name: 2 * t.batch_of(task.name) for task in base.network.tasks}
    return dataclasses.replace(base, training=dataclasses.replace(t, batch_size=batch_size))


def image_runs(chosen: Recipe) -> int:
    """How often a step of the first turn runs an image through the estimator, all tasks together."""
    t = chosen.training
    return round(runs_per_image(t.estimator) * sum(t.batch_of(task.name) for task in chosen.network.tasks))


def equal_steps(chosen: Recipe, base: Recipe, steps: int) -> int:
    """Steps in which a recipe runs as many images as another one does in `steps`."""
    return round(steps * image_runs(base) / image_runs(chosen))


def _with_estimator(base: Recipe, **fields) -> Recipe:
    estimator = dataclasses.replace(base.training.estimator, **fields)
    return dataclasses.replace(base, training=dataclasses.replace(base.training, estimator=estimator))


ARMS: dict[str, Callable[[Recipe], Recipe]] = {
    "plain": plain,
    "shared": shared_norms,
    "densities": densities,
    "distilled": distilled,
    "muon": muon,
    "large": large_batches,
    "recipe": lambda base: base,
}
"The last is the recipe as it is."


def accuracies(net: DeepElasticNetwork, sets: dict[str, EvaluationSet], seed: int) -> dict[str, float]:
    """Validation accuracy, mean over tasks, of every fixed level and of structures of random density."""
    n, h = net.num_blocks, net.num_levels
    rows: dict[str, list[float]] = {}
    for name, data in sets.items():
        B = len(data.labels)
        structures = {f"level {level}": uniform_structure(B, n, level) for level in range(1, h)}
        structures["random"] = varied_structures(B, n, h, step_generator(seed, f"compare/{name}", 0), 0.0)
        for key, z in structures.items():
            rows.setdefault(key, []).append(measure(net, data, z, with_selector=False).accuracy)
    return {key: sum(values) / len(values) for key, values in rows.items()}


@leaving()
def compare(
    base: Recipe,
    loaded: LoadedData,
    arms: Sequence[str],
    seeds: Sequence[int],
    steps: int,
    device: str = "cpu",
    report: Callable[[dict], None] = print,
) -> pd.DataFrame:
    """Train and measure every arm with every seed.

    Args:
        arms: of ARMS.
        steps: of the recipe's first turn; the others run as many images.
        device: where to train and to measure, as lightning-fabric names it.
        report: called with a row when it is measured.

    Returns:
        A row per arm and seed: arm, seed, and as `run`.
    """
    rows = []
    for seed in seeds:
        for arm in arms:
            made = ARMS[arm](dataclasses.replace(base, seed=seed))
            chosen = first_turn(made, equal_steps(made, base, steps))
            rows.append({"arm": arm, "seed": seed} | run(chosen, loaded, device))
            report(rows[-1])
    return pd.DataFrame(rows)


def run(chosen: Recipe, loaded: LoadedData, device: str = "cpu") -> dict[str, float]:
    """Train one recipe and measure its estimator; seconds of training as well."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(chosen, loaded.data, Execution(Path(folder), accelerator=device, progress=False))
        seconds = trainer.run().seconds
    where = str(trainer.fabric.device)
    net = DeepElasticNetwork(trainer.estimator, trainer.selector, CheckpointInfo(chosen.network), where)
    sets = {t.name: evaluation_set(net, t, loaded.data.validation[t.name]) for t in chosen.network.tasks}
    return accuracies(net, sets, chosen.seed) | {"seconds": seconds}


def table(frame: pd.DataFrame) -> str:
    """Percent, mean and standard deviation over the seeds, by arm."""
    levels = [name for name in frame if name.startswith("level") or name == "random"]
    shown = frame.assign(**{name: 100 * frame[name] for name in levels}).drop(columns="seed")
    found = ["mean", "std"] if frame["seed"].nunique() > 1 else ["mean"]
    return shown.groupby("arm", sort=False).agg(found).round(2).to_string()
