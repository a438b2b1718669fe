"""Heads of a pretrained network before it is trained: what a logistic regression makes of the features that it has.

Fine-tuning from a random head first bends the features to it; from a fitted one it goes on where linear probing ends
(Kumar et al., ICLR 2022).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from den_core.config import TaskConfig
from den_core.data.arrays import TaskArrays
from den_core.data.transforms import normalise
from den_core.models.estimator import Estimator
from den_core.models.static import StaticEstimator
from den_core.structures import full_structure

IMAGES = 5000
"Of a task, that its head is fitted on at most."
ITERATIONS = 200
BATCH = 64
PENALTY = 1.0
"Inverse of scikit-learn's C, for features with a standard deviation of a third."


def fit_heads(estimator: Estimator, tasks: Sequence[TaskConfig], data: Mapping[str, TaskArrays]) -> None:
    """Set every task's linear layer to the logistic regression of labels on the full model's features.

    Args:
        estimator: its statistics must be right; nothing but the heads' linear layers changes.
        tasks: those to be fitted.
        data: training images by task, of which the first IMAGES are used.
    """
    device = next(estimator.parameters()).device
    static = StaticEstimator(estimator)
    for task in tasks:
        images, labels = data[task.name].images[:IMAGES], data[task.name].labels[:IMAGES]
        parts = torch.from_numpy(images).split(BATCH)
        with torch.inference_mode():
            z = full_structure(BATCH, estimator.num_blocks, estimator.num_levels).to(device)
            seen = [static.features(normalise(x.to(device), task), z[: len(x)], task.name).cpu() for x in parts]
        weight, bias = _regression(torch.cat(seen).float().numpy(), labels, task.num_classes)
        with torch.no_grad():
            estimator.heads[task.name].linear.weight.copy_(weight)
            estimator.heads[task.name].linear.bias.copy_(bias)


def _regression(features: np.ndarray, labels: np.ndarray, classes: int) -> tuple[Tensor, Tensor]:
    """Weight, (classes, D), and bias, (classes,); zeros for classes without an image.

    Args:
        features: (N, D).
        labels: (N,), of at least two classes.
    """
    scale = 3 * float(features.std())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start need not be the optimum
        fitted = LogisticRegression(C=1 / PENALTY, max_iter=ITERATIONS).fit(features / scale, labels)
    rows, shifts = fitted.coef_ / scale, fitted.intercept_
    if len(rows) == 1:  # of two classes, the second one's alone
        rows, shifts = np.concatenate([-rows / 2, rows / 2]), np.concatenate([-shifts / 2, shifts / 2])
    weight, bias = torch.zeros(classes, features.shape[1]), torch.zeros(classes)
    weight[fitted.classes_], bias[fitted.classes_] = torch.from_numpy(rows).float(), torch.from_numpy(shifts).float()
    return weight, bias
