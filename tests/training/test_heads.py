"""Heads that a logistic regression sets before a pretrained network is trained."""

import dataclasses

import numpy as np
import pytest
import torch

from den_core.data.arrays import TaskArrays
from den_core.models.estimator import Estimator
from den_core.models.static import StaticEstimator
from den_core.structures import full_structure
from den_core.training import heads


@pytest.fixture
def two_classes(short_digits):
    """A network for zeros and ones, and coloured images that even a random network tells apart."""
    recipe = short_digits("32-true")
    task = dataclasses.replace(recipe.network.tasks[0], class_names=("dark", "light", "never seen"))
    labels = np.arange(60) % 2
    noise = np.random.default_rng(0).integers(0, 60, (60, task.size, task.size, 3))
    images = (noise + 150 * labels[:, None, None, None]).astype(np.uint8)
    arrays = TaskArrays(images=images, labels=labels, ids=list(map(str, labels)), groups=labels, fingerprint="")
    torch.manual_seed(0)
    return Estimator(dataclasses.replace(recipe.network, tasks=(task,))).eval(), task, arrays


def test_the_fitted_heads_know_the_training_images(two_classes):
    estimator, task, arrays = two_classes
    before = {k: v.clone() for k, v in estimator.state_dict().items()}

    heads.fit_heads(estimator, [task], {task.name: arrays})

    changed = {k for k, v in estimator.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {f"heads.{task.name}.linear.weight", f"heads.{task.name}.linear.bias"}
    z = full_structure(60, estimator.num_blocks, estimator.num_levels)
    x = torch.from_numpy(arrays.images).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(task.mean)[:, None, None]) / torch.tensor(task.std)[:, None, None]
    with torch.inference_mode():
        answers = StaticEstimator(estimator)(x, z, task.name)
    assert (answers.argmax(1).numpy() == arrays.labels).mean() > 0.95
    assert torch.equal(
        estimator.heads[task.name].linear.weight[2], torch.zeros(estimator.heads[task.name].linear.in_features)
    )


def test_two_classes_are_told_apart_by_one_difference():
    rng = np.random.default_rng(1)
    labels = np.arange(40) % 2
    features = rng.normal(size=(40, 5)) + 3 * labels[:, None]

    weight, bias = heads._regression(features.astype(np.float32), labels, 2)

    assert weight.shape == (2, 5) and torch.allclose(weight[0], -weight[1]) and torch.allclose(bias[0], -bias[1])
    assert ((torch.from_numpy(features).float() @ weight.T + bias).argmax(1).numpy() == labels).mean() > 0.95
