"""`python -m den_core.training.compare_estimators`: what each part of the estimator's first turn buys.

Estimators that differ in one part are trained with the same seeds and batches, each running equally many images, and
measured on the validation split: every fixed level, the full model, and structures of random density.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from den_core.checkpoints import CheckpointInfo
from den_core.config import Recipe
from den_core.console import exit_code
from den_core.devices import set_threads
from den_core.files import write_atomically
from den_core.measuring import EvaluationSet, evaluation_set, measure
from den_core.network import DeepElasticNetwork
from den_core.processes import leaving
from den_core.recipes import recipe_with
from den_core.recipes.training import runs_per_image
from den_core.seeding import step_generator
from den_core.structures import uniform_structure
from den_core.training.alternate import Execution, Trainer
from den_core.training.run import LoadedData, load_training_data
from den_core.training.sampling import varied_structures


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


def run(chosen: Recipe, loaded: LoadedData) -> dict[str, float]:
    """Train one recipe and measure its estimator; seconds of training as well."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(chosen, loaded.data, Execution(Path(folder), accelerator="cpu", progress=False))
        seconds = trainer.run().seconds
    net = DeepElasticNetwork(trainer.estimator, trainer.selector, CheckpointInfo(chosen.network))
    sets = {t.name: evaluation_set(net, t, loaded.data.validation[t.name]) for t in chosen.network.tasks}
    return accuracies(net, sets, chosen.seed) | {"seconds": seconds}


def table(frame: pd.DataFrame) -> str:
    """Percent, mean and standard deviation over the seeds, by arm."""
    levels = [name for name in frame if name.startswith("level") or name == "random"]
    shown = frame.assign(**{name: 100 * frame[name] for name in levels}).drop(columns="seed")
    found = ["mean", "std"] if frame["seed"].nunique() > 1 else ["mean"]
    return shown.groupby("arm", sort=False).agg(found).round(2).to_string()


@leaving()
def main(arguments: list[str] | None = None) -> None:
    """Print a row per arm and seed as it is measured, and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--recipe", default="open3-fast")
    parser.add_argument("--task", nargs="+", default=[], help="other tasks, NAME=SOURCE@SIZE, as for train")
    parser.add_argument("--backbone", default=None, help="another than the recipe's")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1200, help="of the recipe; as many image runs for the others")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; torch's own choice if not given")
    parser.add_argument("--out", type=Path, default=None, help="write every row as CSV")
    command = parser.parse_args(arguments)
    set_threads(command.threads)
    base = recipe_with(command.recipe, command.task, command.backbone)
    loaded = load_training_data(base)
    rows = []
    for seed in command.seeds:
        for arm in command.arms:
            made = ARMS[arm](dataclasses.replace(base, seed=seed))
            chosen = first_turn(made, equal_steps(made, base, command.steps))
            rows.append({"arm": arm, "seed": seed} | run(chosen, loaded))
            print(rows[-1], flush=True)
    frame = pd.DataFrame(rows)
    if command.out:
        write_atomically(command.out, frame.to_csv(index=False).encode())
    print(f"{base.network.backbone.name}, {command.steps} steps, torch {torch.__version__}, validation split, percent")
    print(table(frame))


if __name__ == "__main__":
    sys.exit(exit_code(main))
