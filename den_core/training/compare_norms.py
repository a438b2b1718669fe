"""`python -m den_core.training.compare_norms`: running statistics per level against shared ones.

Trains the estimator alone, from Eq. 8, on open3 with both kinds, the same seeds, batches and structures, and measures
fixed levels and random structures on the validation split. `ElasticNorm` quotes what came out.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pandas as pd
import torch

from den_core.checkpoints import CheckpointInfo
from den_core.config import Recipe
from den_core.measuring import EvaluationSet, evaluation_set, measure
from den_core.network import DeepElasticNetwork
from den_core.recipes import open3_fast, with_options
from den_core.seeding import step_generator
from den_core.structures import random_structures, uniform_structure
from den_core.training.alternate import Execution, Trainer
from den_core.training.run import LoadedData, load_training_data


def variant(statistics: str, seed: int, backbone: str, steps: int) -> Recipe:
    """open3-fast's first estimator turn with one kind of statistics; masked, which both can train in."""
    base = with_options(open3_fast(), [], backbone, None, seed)
    t, net = base.training, base.network
    training = dataclasses.replace(
        t,
        rounds=1,
        estimator=dataclasses.replace(t.estimator, first_steps=steps, execution="masked"),
        selector=dataclasses.replace(t.selector, steps=1),
        batch_size=32,
        report_every=steps,
    )
    kind = dataclasses.replace(net.backbone, norm_statistics=statistics)
    return dataclasses.replace(base, network=dataclasses.replace(net, backbone=kind), training=training)


def accuracies(net: DeepElasticNetwork, sets: dict[str, EvaluationSet], seed: int) -> dict[str, float]:
    """Validation accuracy, mean over tasks, of every fixed level and of random structures."""
    n, h = net.num_blocks, net.num_levels
    rows: dict[str, list[float]] = {}
    for name, data in sets.items():
        B = len(data.labels)
        structures = {f"level {level}": uniform_structure(B, n, level) for level in range(1, h)}
        structures["random"] = random_structures(B, n, h, step_generator(seed, f"compare/{name}", 0))
        for key, z in structures.items():
            rows.setdefault(key, []).append(measure(net, data, z, with_selector=False).accuracy)
    return {key: sum(values) / len(values) for key, values in rows.items()}


def run(statistics: str, seed: int, backbone: str, steps: int, loaded: LoadedData) -> dict[str, float]:
    """Train one variant and measure it."""
    recipe = variant(statistics, seed, backbone, steps)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(recipe, loaded.data, Execution(Path(folder), accelerator="cpu", progress=False))
        trainer.run()
    net = DeepElasticNetwork(trainer.estimator, trainer.selector, CheckpointInfo(recipe.network))
    sets = {t.name: evaluation_set(net, t, loaded.data.validation[t.name]) for t in recipe.network.tasks}
    return accuracies(net, sets, seed)


def main(backbone: str = "wrn-14-1", steps: int = 500, seeds: int = 3) -> pd.DataFrame:
    """Percent, mean and standard deviation over the seeds, printed and returned."""
    loaded = load_training_data(variant("per_level", 0, backbone, steps))
    rows = []
    for seed in range(seeds):
        for statistics in ("per_level", "shared"):
            result = run(statistics, seed, backbone, steps, loaded)
            rows.append({"statistics": statistics, "seed": seed} | {k: 100 * v for k, v in result.items()})
            print(rows[-1], flush=True)
    frame = pd.DataFrame(rows)
    print(f"{backbone}, {steps} steps of 3 x 32 images, {seeds} seeds, torch {torch.__version__}, validation split")
    print(frame.drop(columns="seed").groupby("statistics").agg(["mean", "std"]).round(2).to_string())
    return frame


if __name__ == "__main__":
    main()
