"""`den study twin RUN OUT`: the twin of a trained network that never looks at the image.

The twin shares the run up to its last turn. In that turn it meets the same structures, permuted among the images of a
task. `den evaluate RUN --twin OUT` then measures what looking is worth, free of what a network merely gets used to.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from den_core.checkpoints.folder import read_config
from den_core.config import Recipe, from_json
from den_core.errors import TrainingError
from den_core.evaluation.twins import check_may_have_twin
from den_core.training.resume import FILE, branch_off
from den_core.training.run import train
from den_core.training.setup import Execution


def twin_recipe(recipe: Recipe) -> Recipe:
    """The same recipe with a last turn that never looks. ConfigError if it has no last turn, or is a twin's."""
    check_may_have_twin(recipe, f"recipe {recipe.name}")
    estimator = dataclasses.replace(recipe.training.estimator, permuted=True)
    training = dataclasses.replace(recipe.training, estimator=estimator)
    return dataclasses.replace(
        recipe, name=f"{recipe.name}-twin", description="The twin that never looks", training=training
    )


def train_twin(run: Path, execution: Execution, limit: int | None = None) -> None:
    """Train the twin of the run in a folder and write its checkpoint to `execution.folder`.

    Args:
        limit: as the run's own.

    Raises:
        ConfigError: the run's recipe has no last turn.
        TrainingError: the run kept no state from before it, or the folder already holds a run.
    """
    folder = execution.folder
    recipe = twin_recipe(from_json(Recipe, read_config(run).recipe, "recipe"))
    if not execution.resume:
        if any((folder / name).exists() for name in ("config.json", FILE)):
            raise TrainingError(f"expected an empty folder {folder}, found a run in it; give --resume or another one")
        branch_off(run, folder, recipe)
    train(recipe, dataclasses.replace(execution, resume=True), limit)
