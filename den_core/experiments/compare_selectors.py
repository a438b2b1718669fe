"""`den study compare-selectors CHECKPOINT`: what each part of the selector's training buys.

For one trained estimator, which stands still, selectors are trained that differ in one part from the one before, over
several seeds, and brought to the same mean MACs by their cost weight. Measured on the validation split: accuracy, its
lead over the same choices permuted among the images (instance gain) and over the best static structure at equal MACs.
An estimator that had a last turn has narrowed to one selector's structures; `--run` takes it as that turn found it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pandas as pd
import torch

from den_core.config import Recipe, SelectorConfig, SelectorTurnConfig
from den_core.evaluation.controls import permutations
from den_core.evaluation.dial import mean_full_macs, weight_for_macs
from den_core.evaluation.measuring import EvaluationSet, answers, choice_statistics, evaluation_set
from den_core.evaluation.static_search import Budget, best_statics
from den_core.experiments.selector_only import train_selector
from den_core.inference.network import DeepElasticNetwork
from den_core.training.setup import TrainingData

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
    plain = SelectorTurnConfig(
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


def compare(
    net: DeepElasticNetwork,
    base: Recipe,
    data: TrainingData,
    arms: Sequence[str],
    seeds: Sequence[int],
    share: float,
    steps: int | None = None,
    report: Callable[[dict], None] = print,
) -> pd.DataFrame:
    """Train a selector for every arm with every seed, and measure it at its own choice and at a share of the MACs.

    Args:
        net: whose estimator they are trained on.
        arms: of ARMS.
        share: see `measure_arm`.
        steps: of the choice's training; None takes the recipe's.
        report: called with a row when it is measured.

    Returns:
        Two rows per arm and seed: arm, seed, at ("own" or the share), and as `measure_arm`.
    """
    rows = []
    for seed in seeds:
        for arm in arms:
            recipe = ARMS[arm](dataclasses.replace(base, seed=seed))
            recipe = varied(recipe, {}, {} if steps is None else {"steps": steps})
            info = dataclasses.replace(net.info, network=recipe.network)
            trained = DeepElasticNetwork(net.estimator, train_selector(recipe, net, data), info, str(net.device))
            sets = {t.name: evaluation_set(trained, t, data.validation[t.name]) for t in recipe.network.tasks}
            for kept in (None, share):
                row = {"arm": arm, "seed": seed, "at": "own" if kept is None else f"{kept:g}"}
                rows.append(row | measure_arm(trained, sets, kept))
                report(rows[-1])
    return pd.DataFrame(rows)


def table(frame: pd.DataFrame) -> str:
    """Means over the seeds, by arm and operating point, and with several seeds the standard deviations as well."""
    groups = frame.drop(columns="seed").groupby(["at", "arm"], sort=False)
    means = groups.mean().to_string(float_format=lambda v: f"{v:.3g}")
    if frame["seed"].nunique() == 1:
        return means
    spread = groups.std()[["accuracy", "gain", "lead", "share"]].to_string(float_format=lambda v: f"{v:.2g}")
    return f"{means}\nstandard deviation over seeds\n{spread}"
