"""Two tasks on the same images are trained in one pass: the digit, and whether it is even."""

import dataclasses

import numpy as np
import pytest
import torch

from den_core.data.splits import divide_tasks
from den_core.errors import DataError
from den_core.models.static import StaticEstimator
from den_core.structures import random_structures
from den_core.training.run import load_training_data
from den_core.training.selector_step import structure_losses
from den_core.training.setup import Execution, TrainingData, make_loader
from den_core.training.trainer import Trainer


@pytest.fixture
def both(short_digits):
    """A recipe with a second head, and its data."""
    recipe = short_digits("32-true")
    (digits,) = recipe.network.tasks
    parity = dataclasses.replace(digits, name="parity", class_names=("even", "odd"), image_of="digits")
    network = dataclasses.replace(recipe.network, tasks=(digits, parity))
    data = load_training_data(recipe, 200, progress=False).data
    parts = {}
    for split in ("train", "validation"):
        arrays = getattr(data, split)["digits"]
        parts[split] = {"digits": arrays, "parity": dataclasses.replace(arrays, labels=arrays.labels % 2)}
    return dataclasses.replace(recipe, network=network), TrainingData(**parts)


def test_both_heads_learn_from_the_same_images(both):
    recipe, data = both

    batch = make_loader(recipe, data.train, 0, torch.device("cpu")).batch(3)

    assert set(batch.images) == {"digits"} and set(batch.labels) == {"digits", "parity"}
    assert torch.equal(batch.labels["parity"], batch.labels["digits"] % 2)


def test_a_run_trains_and_validates_both(both, tmp_path):
    recipe, data = both
    trainer = Trainer(recipe, data, Execution(tmp_path, accelerator="cpu", progress=False))
    before = {name: p.clone() for name, p in trainer.estimator.heads.named_parameters()}

    progress = trainer.run()

    accuracies = progress.rows[-1].validation_by_task
    assert "digits=" in accuracies and "parity=" in accuracies
    assert all(not torch.equal(p, before[name]) for name, p in trainer.estimator.heads.named_parameters())


def test_the_selector_sees_the_mean_of_both_losses(both, rng):
    recipe, data = both
    trainer_network = Trainer(recipe, data, Execution("", accelerator="cpu", progress=False)).estimator.eval()
    batch = make_loader(recipe, data.train, 0, torch.device("cpu")).batch(0)
    z = random_structures(len(batch.labels["digits"]), 3, 4, rng)

    losses, right = structure_losses(
        StaticEstimator(trainer_network), batch.images, batch.labels, {"digits": z[:, None]}
    )

    logits = trainer_network(batch.images, {"digits": z})
    each = [torch.nn.functional.cross_entropy(logits[t], y, reduction="none") for t, y in batch.labels.items()]
    torch.testing.assert_close(losses["digits"][:, 0], torch.stack(each).mean(0), atol=1e-4, rtol=1e-4)
    assert set(losses) == set(right) == {"digits"} and set(right["digits"].unique().tolist()) <= {0.0, 0.5, 1.0}


def test_shared_images_are_divided_once(both):
    recipe, data = both

    rows = divide_tasks(recipe.network.tasks, data.train, 0.2, seed=1)

    assert all((a == b).all() for a, b in zip(rows["digits"], rows["parity"], strict=True))


def test_other_images_are_refused(both):
    recipe, data = both
    fewer = data.train | {"parity": data.train["parity"].take(np.arange(5))}

    with pytest.raises(DataError, match="parity: expected the 179 images of digits in the same order, found 5"):
        divide_tasks(recipe.network.tasks, fewer, 0.2, seed=1)
