"""Answers, accuracy and cost of a network under given structures."""

from __future__ import annotations

import math

import pytest
import torch

from den_core.checkpoints.metrics import Variety
from den_core.errors import StructureError
from den_core.evaluation.measuring import (
    SHARED_BATCH,
    answers,
    choice_statistics,
    class_accuracy,
    distinct_per_600,
    logits,
    measure,
    most_common,
    shared_logits,
    task_result,
)
from den_core.models.static import StaticEstimator
from den_core.structures import full_structure, random_structures


def test_class_accuracy_by_hand():
    """Class 0: two of three, class 1: none of one, class 2 does not occur, class 3: one of one."""
    right, labels = torch.tensor([True, True, False, False, True]), torch.tensor([0, 0, 0, 1, 3])

    assert class_accuracy(right, labels) == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_logits_are_those_of_every_image_alone(network, toy_set, rng):
    z = random_structures(30, network.num_blocks, network.num_levels, rng)

    found = logits(network, toy_set, z)

    x = network.preprocess(list(toy_set.images.numpy()), "toy")
    for i in (0, 7, 29):
        torch.testing.assert_close(found[i : i + 1], network.classify(x[i : i + 1], "toy", z[i : i + 1]),
                                   atol=1e-4, rtol=1e-4)  # fmt: skip


def structures_that_share(network, rng) -> torch.Tensor:
    """(30, 7, n): random ones, the full one, and pairs that are equal or differ in the last block only."""
    n, h = network.num_blocks, network.num_levels
    z = torch.stack([random_structures(30, n, h, rng) for _ in range(4)], 1)
    other = z[:, :1].clone()
    other[..., -1] = (other[..., -1] + 1) % h
    return torch.cat([z, z[:, :1], other, full_structure(30, n, h)[:, None]], 1)


def test_images_under_several_structures_at_once_answer_as_under_each_alone(network, toy_set, rng):
    z = structures_that_share(network, rng)
    x = network.preprocess(list(toy_set.images.numpy()), "toy")

    found = shared_logits(StaticEstimator(network.estimator), x, z, "toy")

    for s in range(z.shape[1]):
        torch.testing.assert_close(found[:, s], network.classify(x, "toy", z[:, s]), atol=1e-4, rtol=1e-4)


def test_answers_say_which_images_are_right(network, toy_set, rng):
    """More images than run together, so that batches are put back in order."""
    many = type(toy_set)(toy_set.task, *(t.repeat(2, *[1] * (t.dim() - 1)) for t in
                                         (toy_set.images, toy_set.labels, toy_set.distribution)))  # fmt: skip
    z = structures_that_share(network, rng).repeat(2, 1, 1)
    done = []

    found = answers(network, many, z, done.append)

    assert len(many.labels) > SHARED_BATCH and done[-1] == 60 and len(done) > 1
    for s in range(z.shape[1]):
        assert torch.equal(found[:, s], logits(network, many, z[:, s]).argmax(1) == many.labels)


def test_answers_refuse_levels_that_there_are_not(network, toy_set):
    with pytest.raises(StructureError, match="expected levels 0 to 3"):
        answers(network, toy_set, torch.full((30, 2, network.num_blocks), 4))


def test_a_result_of_several_draws_is_the_mean_of_theirs(network, toy_set, rng):
    z = structures_that_share(network, rng)

    together = task_result(network, toy_set, z, answers(network, toy_set, z), with_selector=True)

    alone = [measure(network, toy_set, z[:, s], with_selector=True) for s in range(z.shape[1])]
    for name in ("accuracy", "class_accuracy", "mean_macs", "mean_params"):
        assert getattr(together, name) == pytest.approx(sum(getattr(r, name) for r in alone) / len(alone))
    assert together.images == 30


def test_the_selector_is_counted_where_it_is_asked_for(network, toy_set):
    z = full_structure(30, network.num_blocks, network.num_levels)

    with_it, without = (measure(network, toy_set, z, flag) for flag in (True, False))

    assert with_it.mean_macs - without.mean_macs == network.table.selector_macs["toy"] > 0
    assert with_it.mean_params - without.mean_params == network.table.selector_params["toy"] > 0


def test_distinct_structures_are_counted_in_equal_shares_of_600():
    """Two tasks: the first 300 rows of each count. Row 300 of the first task would be the third structure."""
    first, second = torch.zeros(400, 4, dtype=torch.int64), torch.zeros(400, 4, dtype=torch.int64)
    first[299, 0] = 1
    first[300, 0] = 2

    assert distinct_per_600({"a": first, "b": second}) == 2


def test_choice_statistics_by_hand():
    """Four images: two, one and one. Entropy 1.5 bits of at most 2."""
    z = torch.tensor([[0, 1], [3, 3], [0, 1], [2, 0]])

    found = choice_statistics(z)
    assert (found.distinct, found.top_share) == (3, 0.5) and math.isclose(found.normalised_entropy, 0.75)
    assert choice_statistics(z[:1]) == Variety(1, 1.0, 0.0)
    assert choice_statistics(z[[0, 2]]).normalised_entropy == 0.0
    assert math.isclose(choice_statistics(z[1:]).normalised_entropy, 1.0)


def test_entropy_is_at_most_one_where_every_image_has_its_own_structure():
    """Rounding takes it above for many of these numbers of images."""
    for images in range(2, 100):
        assert choice_statistics(torch.arange(images)[:, None]).normalised_entropy <= 1


def test_the_most_common_structures_come_first():
    z = torch.tensor([[1, 1], [3, 0], [3, 0], [1, 1], [3, 0], [2, 2]])

    assert [found.tolist() for found in most_common(z, 2)] == [[3, 0], [1, 1]]
