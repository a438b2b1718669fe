"""`den study compare-sortings`: which order of channels leaves a pretrained network's prefixes most of what it knows.

Nothing is trained but the heads, which a logistic regression fits to the full model. Measured on the validation split:
every fixed level with its statistics as the full level's are, and matched to it (see `models.statistics`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import pandas as pd
import torch
from torch import Tensor

from den_core.config import Recipe, TaskConfig
from den_core.data.arrays import TaskArrays
from den_core.data.transforms import normalise
from den_core.models.accounting import cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.sorting import by_first_order, by_weights, sort_by_importance
from den_core.models.static import StaticEstimator
from den_core.models.statistics import match_statistics
from den_core.recipes.starts import begin_with
from den_core.seeding import step_generator
from den_core.structures import uniform_structure
from den_core.training.heads import fit_heads
from den_core.training.setup import TrainingData, make_loader
from den_core.training.trainer import MATCHED, SORTED

LIMIT = 600
"Validation images of a task."


def compare(
    recipe: Recipe,
    data: TrainingData,
    orders: Sequence[str],
    report: Callable[[dict], None] = lambda row: None,
) -> pd.DataFrame:
    """A row per order and level: MACs, and accuracy before and after the statistics are matched.

    Args:
        recipe: with a pretrained network to start from.
    """
    start = Estimator(recipe.network).eval()
    begin_with(start, recipe.start)
    fit_heads(start, recipe.network.tasks, data.train)
    loader = make_loader(recipe, data.train, 0, torch.device("cpu"))
    table = cost_table(start, Selector(recipe.network))
    rows = []
    for order in orders:
        estimator = copy.deepcopy(start)
        match order:
            case "weights":
                sort_by_importance(estimator, by_weights(estimator))
            case "first-order":
                batches = (loader.batch(step) for step in range(SORTED))
                sort_by_importance(estimator, by_first_order(estimator, ((b.images, b.labels) for b in batches)))
        unmatched = StaticEstimator(estimator)
        match_statistics(estimator, loader.images(range(MATCHED)), step_generator(recipe.seed, "structures", 0))
        matched = StaticEstimator(estimator)
        for level in range(estimator.num_levels):
            z = uniform_structure(1, estimator.num_blocks, level)
            row = {"order": order, "level": level}
            row["mmacs"] = sum(int(table.cost(z, task).macs) for task in data.validation) / len(data.validation) / 1e6
            for name, static in (("", unmatched), (" matched", matched)):
                for task in recipe.network.tasks:
                    row[f"{task.name}{name}"] = _accuracy(static, z, task, data.validation[task.name])
            report(row)
            rows.append(row)
    return pd.DataFrame(rows)


@torch.inference_mode()
def _accuracy(static: StaticEstimator, z: Tensor, task: TaskConfig, arrays: TaskArrays) -> float:
    """Of one structure, (1, n), on the first LIMIT images, in percent."""
    images, labels = torch.from_numpy(arrays.images[:LIMIT]), torch.from_numpy(arrays.labels[:LIMIT])
    answers = static(normalise(images, task), z.expand(len(images), -1), task.name).argmax(1)
    return 100 * float((answers == labels).float().mean())
