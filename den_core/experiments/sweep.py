"""Many runs that differ in recipe, ρ, levels or seed: each in a folder of its own, done once, measured alike."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from den_core.checkpoints.folder import write_json
from den_core.config import Recipe
from den_core.errors import ConfigError
from den_core.evaluation.measuring import EvaluationSet, measure
from den_core.evaluation.sets import validation_sets
from den_core.experiments.sweep_rho import measure_choice
from den_core.inference.network import DeepElasticNetwork, load
from den_core.recipes import check_recipe, recipe_with
from den_core.recipes.ablations import LEVELS
from den_core.runtime.devices import set_threads
from den_core.structures import full_structure
from den_core.training.resume import FILE
from den_core.training.run import train
from den_core.training.setup import Execution

MEASURED = "sweep.json"
"Written into a run's folder last: where it is, the run is done."


@dataclass(frozen=True)
class Run:
    """One run of a sweep. None keeps what the recipe says."""

    recipe: str
    folder: Path
    rho: float | None = None
    levels: int | None = None
    seed: int = 0
    backbone: str | None = None
    steps: int | None = None
    device: str = "auto"
    threads: int | None = None

    def made(self) -> Recipe:
        """The recipe with everything that the run changes. ConfigError or DataError as `recipe_with`."""
        made = recipe_with(self.recipe, None, self.backbone, self.rho, self.seed, self.steps)
        if self.levels is None:
            return made
        backbone = dataclasses.replace(made.network.backbone, level_fractions=LEVELS[str(self.levels)])
        return dataclasses.replace(made, network=dataclasses.replace(made.network, backbone=backbone))

    @property
    def done(self) -> bool:
        """Whether it was trained and measured."""
        return (self.folder / MEASURED).is_file()

    def row(self) -> dict:
        """What was changed and measured, see `measured`."""
        chosen = {"recipe": self.recipe, "backbone": self.backbone, "rho": self.rho, "levels": self.levels}
        return chosen | {"seed": self.seed} | json.loads((self.folder / MEASURED).read_text("utf-8"))


def combinations(
    recipes: Sequence[str],
    rho: Sequence[float],
    levels: Sequence[int],
    seeds: Sequence[int],
    out: Path,
    backbone: str | None = None,
    steps: int | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> list[Run]:
    """Every combination, seeds last: after the first seed there is one run of each already.

    Args:
        rho, levels: empty keeps the recipe's.

    Raises:
        ConfigError: an unknown recipe or number of levels.
    """
    for name in recipes:
        check_recipe(name)
    unknown = sorted(set(levels) - {int(count) for count in LEVELS})
    if unknown:
        raise ConfigError(f"expected numbers of levels from {', '.join(LEVELS)}, found {unknown[0]}")
    runs = []
    values: list[float | None] = [*rho] or [None]
    counts: list[int | None] = [*levels] or [None]
    for seed, name, value, count in itertools.product(seeds, recipes, values, counts):
        parts = [name, backbone, f"rho{value:g}" if value is not None else "", f"levels{count}" if count else ""]
        parts += [f"steps{steps}" if steps else "", f"seed{seed}"]
        folder = out / "-".join(part for part in parts if part)
        runs.append(Run(name, folder, value, count, seed, backbone, steps, device, threads))
    return runs


def perform(run: Run) -> None:
    """Train a run, or go on with it, and measure it on its validation split. Does nothing where that was done."""
    if run.done:
        return
    set_threads(run.threads)
    recipe, folder = run.made(), run.folder
    if not (folder / "config.json").is_file():
        train(recipe, Execution(folder, accelerator=run.device, resume=(folder / FILE).is_file()))
    net = load(folder)
    figures = measured(net, validation_sets(net, progress=False))
    write_json(folder / MEASURED, figures)


def measured(net: DeepElasticNetwork, validation: dict[str, EvaluationSet]) -> dict[str, float]:
    """On the validation split, means over tasks.

    Returns:
        As `measure_choice`, and full: accuracy of the full model, a fraction.
    """
    full = []
    for images in validation.values():
        z = full_structure(len(images.labels), net.num_blocks, net.num_levels)
        full.append(measure(net, images, z, with_selector=False).accuracy)
    return measure_choice(net, validation) | {"full": sum(full) / len(full)}


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """A row per run that is done. Accuracies and shares are fractions."""
    return pd.DataFrame([run.row() for run in runs if run.done])
