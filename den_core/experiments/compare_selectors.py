"""`python -m den_core.experiments.compare_selectors CHECKPOINT`: what each part of the selector's training buys.

For one trained estimator, which stands still, selectors are trained that differ in one part from the one before, over
several seeds, and brought to the same mean MACs by their cost weight. Measured on the validation split: accuracy, its
lead over the same choices shuffled among the images (instance gain) and over the best static structure at equal MACs.
An estimator that had a last turn has narrowed to one selector's structures; `--run` takes it as that turn found it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from den_core.cli.console import exit_code
from den_core.config import Recipe, SelectorConfig, SelectorStageConfig, from_json
from den_core.evaluation.controls import permutations
from den_core.evaluation.dial import mean_full_macs, weight_for_macs
from den_core.evaluation.measuring import EvaluationSet, answers, choice_statistics, evaluation_set
from den_core.evaluation.static_search import Budget, best_statics
from den_core.experiments.selector_only import before_last_turn, train_selector
from den_core.inference.network import DeepElasticNetwork, load
from den_core.runtime.files import write_atomically
from den_core.training.run import load_training_data

DRAWS = 4
"Permutations of the choices; figures are their mean."


def varied(recipe: Recipe, network: dict, training: dict) -> Recipe:
    """A recipe with other fields in its selector's configuration and in that of its turns."""
    selector = dataclasses.replace(recipe.network.selector, **network)
    turn = dataclasses.replace(recipe.training.selector, **training)
    return dataclasses.replace(
        recipe,
        network=dataclasses.replace(recipe.network, selector=selector),
        training=dataclasses.replace(recipe.training, selector=turn),
    )


def paper(recipe: Recipe, network: dict | None = None, training: dict | None = None) -> Recipe:
    """Eq. 7 with leave-one-out and nothing else; Adam at 1e-3, since 1e-5 would not move in a few hundred steps."""
    plain = SelectorStageConfig(
        steps=recipe.training.selector.steps,
        rho=recipe.training.selector.rho,
        samples=recipe.training.selector.samples,
        control_variate="leave_one_out",
        learning_rate=1e-3,
        schedule="one_cycle",
        epsilon_start=0.0,
    )
    bare = dataclasses.replace(
        recipe,
        network=dataclasses.replace(recipe.network, selector=SelectorConfig(uniform_start=True)),
        training=dataclasses.replace(recipe.training, selector=plain),
    )
    return varied(bare, network or {}, training or {})


EXPLORE = {"probability_floor": 0.05, "entropy_weight": 0.02}
CRITIC = {"control_variate": "critic", "critic_samples": 4}

BOLTZMANN = {"critic": True, "temperature": 0.02}
AUXILIARY = BOLTZMANN | {"auxiliary": True}


def _labels(recipe: Recipe) -> dict:
    return {"label_steps": recipe.training.selector.label_steps}


ARMS: dict[str, Callable[[Recipe], Recipe]] = {
    "paper": paper,
    "explore": lambda r: paper(r, {}, EXPLORE),
    "critic": lambda r: paper(r, {"critic": True}, EXPLORE | CRITIC),
    "boltzmann": lambda r: paper(r, BOLTZMANN, EXPLORE | CRITIC),
    "auxiliary": lambda r: paper(r, AUXILIARY, EXPLORE | CRITIC),
    "labels": lambda r: paper(r, AUXILIARY, EXPLORE | CRITIC | _labels(r)),
    "muon": lambda r: paper(r, AUXILIARY, EXPLORE | CRITIC | _labels(r) | {"matrix_learning_rate": 0.02}),
    "recipe": lambda r: r,
}
"Every arm adds one part to the one before; the last is the recipe as it is."


def measure_arm(net: DeepElasticNetwork, sets: dict[str, EvaluationSet], share: float | None) -> dict[str, float]:
    """Accuracy, gain and lead in points with standard errors over images, means over tasks.

    Args:
        share: of the full model's MACs, selector included, that the cost weight is set to; None keeps the own choice.
            The static structure is searched on the same images, which flatters it.
    """
    full = mean_full_macs(net, sets)
    weight = 0.0 if share is None else weight_for_macs(net, sets, share * full)
    rows = []
    for name, data in sets.items():
        z = net.choose(data.distribution, weight)
        macs = float(net.cost(z, name).total_macs.double().mean())
        static = best_statics(net, data, [Budget(macs, 20)], 0)[0]
        tried = [z, static.expand(len(z), -1), *permutations(z, name, DRAWS, 0)]
        right = answers(net, data, torch.stack(tried, 1)).double()
        gain, lead = right[:, 0] - right[:, 2:].mean(1), right[:, 0] - right[:, 1]
        error = len(z) ** -0.5
        rows.append(
            {"accuracy": right[:, 0].mean(), "gain": gain.mean(), "gain error": gain.std() * error,
             "lead": lead.mean(), "lead error": lead.std() * error, "share": macs / full}
            | vars(choice_statistics(z))
        )  # fmt: skip
    frame = pd.DataFrame(rows).astype(float)
    mean = frame.mean()
    for key in ("gain error", "lead error"):
        mean[key] = (frame[key] ** 2).sum() ** 0.5 / len(frame)
    percent = ["accuracy", "gain", "gain error", "lead", "lead error"]
    return {key: 100 * value if key in percent else value for key, value in mean.items()}


def main(arguments: list[str] | None = None) -> None:
    """Print a row per arm, seed and share as it is measured, and a table of means over seeds at the end."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--run", type=Path, help="folder of the run: takes the estimator as before the last turn")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=None, help="selector steps; the recipe's if not given")
    parser.add_argument("--share", type=float, default=0.45, help="of the full MACs, selector included")
    parser.add_argument("--out", type=Path, default=None, help="write every row as CSV")
    command = parser.parse_args(arguments)
    net = load(command.checkpoint)
    base = from_json(Recipe, net.info.recipe, "recipe")
    if command.run:
        net = before_last_turn(net, base, command.run)
    loaded = load_training_data(base)
    rows = []
    for seed in command.seeds:
        for arm in command.arms:
            recipe = ARMS[arm](dataclasses.replace(base, seed=seed))
            recipe = varied(recipe, {}, {"steps": command.steps or recipe.training.selector.steps})
            info = dataclasses.replace(net.info, network=recipe.network)
            trained = DeepElasticNetwork(net.estimator, train_selector(recipe, net, loaded.data), info)
            sets = {t.name: evaluation_set(trained, t, loaded.data.validation[t.name]) for t in recipe.network.tasks}
            for share in (None, command.share):
                found = {"arm": arm, "seed": seed, "at": "own" if share is None else f"{share:g}"}
                rows.append(found | measure_arm(trained, sets, share))
                print(rows[-1], flush=True)
    frame = pd.DataFrame(rows)
    if command.out:
        write_atomically(command.out, frame.to_csv(index=False).encode())
    groups = frame.drop(columns="seed").groupby(["at", "arm"], sort=False)
    print(groups.mean().to_string(float_format=lambda v: f"{v:.3g}"))
    if len(command.seeds) > 1:
        print("standard deviation over seeds")
        print(groups.std()[["accuracy", "gain", "lead", "share"]].to_string(float_format=lambda v: f"{v:.2g}"))


if __name__ == "__main__":
    sys.exit(exit_code(main))
