"""The search for the best structure that does not look at the image."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
import torch.nn.functional as F

from den_core.errors import ConfigError
from den_core.evaluation.dial import weight_for_macs
from den_core.evaluation.measuring import class_accuracy, logits
from den_core.evaluation.static_search import Budget, best_statics, class_weights, clearly_positive, starting_structures
from den_core.structures import full_structure


def loss_of(network, data, z) -> float:
    """Mean cross-entropy under one structure, classes counting equally."""
    loss = F.cross_entropy(logits(network, data, z.expand(len(data.labels), -1)), data.labels, reduction="none")
    return class_accuracy(loss, data.labels)


def budget_of(network, share: float) -> float:
    low, high = network.table.task_macs["toy"], int(network.full_cost("toy").macs[0])
    return low + share * (high - low)


@pytest.fixture
def wanting_more(network, toy_set):
    """The toy images with what the full structure answers as labels: nothing within a budget is as good."""
    z = full_structure(30, network.num_blocks, network.num_levels)
    return dataclasses.replace(toy_set, labels=logits(network, toy_set, z).argmax(1))


@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_best_static_structure_stays_within_its_budget(share, network, wanting_more):
    budget = Budget(budget_of(network, share), trials=12)

    z = best_statics(network, wanting_more, [budget], seed=0)[0]

    assert z.shape == (network.num_blocks,)
    assert int(network.cost(z[None], "toy").macs) <= budget.mean_macs
    assert torch.equal(z, best_statics(network, wanting_more, [budget], seed=0)[0])


def test_many_trials_find_the_best_of_all_that_fit(network, wanting_more):
    """All 64 structures of a network with three blocks, by brute force; the best of them all just does not fit."""
    every = torch.tensor(list(itertools.product(range(network.num_levels), repeat=network.num_blocks)))
    losses = [loss_of(network, wanting_more, z) for z in every]
    macs = [int(network.cost(z[None], "toy").macs) for z in every]
    budget = macs[losses.index(min(losses))] - 1
    best = min(loss for loss, cost in zip(losses, macs, strict=True) if cost <= budget)
    assert len(every) < 300 and min(losses) < best - 1e-3

    found = best_statics(network, wanting_more, [Budget(budget, trials=400)], seed=0)[0]

    assert loss_of(network, wanting_more, found) == pytest.approx(best, rel=1e-4)


def test_a_larger_budget_is_never_worse_and_budgets_keep_their_order(network, toy_set):
    shares = (0.7, 0.1, 1.0, 0.4)

    found = best_statics(network, toy_set, [Budget(budget_of(network, s), 5) for s in shares], seed=0)

    losses = {s: loss_of(network, toy_set, z) for s, z in zip(shares, found, strict=True)}
    ordered = [losses[s] for s in sorted(shares)]
    assert all(a >= b - 1e-5 for a, b in itertools.pairwise(ordered)) and ordered[0] > ordered[-1]
    for share, z in zip(shares, found, strict=True):
        assert int(network.cost(z[None], "toy").macs) <= budget_of(network, share)


def test_the_search_starts_from_what_it_is_given_and_the_six_most_expensive_of_the_pool(network, toy_set, rng):
    """Without trials it is their best, which is now one of the pool and now a candidate."""
    candidates = list(torch.randint(network.num_levels, (6, network.num_blocks), generator=rng))
    places = []
    for share in (0.3, 0.5, 0.7, 0.9):
        budget = budget_of(network, share)
        pool, given = (
            [z for z in structures if int(network.cost(z[None], "toy").macs) <= budget]
            for structures in (starting_structures(network, toy_set), candidates)
        )
        losses = [loss_of(network, toy_set, z) for z in [*pool[:6], *given]]

        found = best_statics(network, toy_set, [Budget(budget, trials=0, candidates=candidates)], seed=0)[0]

        assert loss_of(network, toy_set, found) == pytest.approx(min(losses), rel=1e-4)
        places.append(losses.index(min(losses)))
    assert any(0 < place < 6 for place in places) and any(place >= 6 for place in places)


def test_a_structure_that_is_clearly_worse_is_not_run_to_the_end(network, toy_set, monkeypatch):
    """Of 600 copies of an image only the first batch is needed to see that most structures lose."""
    alike = type(toy_set)(toy_set.task, *(t[:1].repeat(600, *[1] * (t.dim() - 1)) for t in
                                          (toy_set.images, toy_set.labels, toy_set.distribution)))  # fmt: skip
    run = []
    classify = network.classify
    monkeypatch.setattr(network, "classify", lambda x, task, z: run.append((len(x), z)) or classify(x, task, z))

    best = best_statics(network, alike, [Budget(budget_of(network, 1.0), 30)], seed=0)[0]

    images = {}
    for count, z in run:
        key = tuple(z[0].tolist())
        images[key] = images.get(key, 0) + count
    assert images[tuple(best.tolist())] == 600
    assert min(images.values()) <= 128 and list(images.values()).count(600) < len(images)


def test_a_budget_that_nothing_fits_is_refused(network, toy_set):
    with pytest.raises(ConfigError, match="expected a budget"):
        best_statics(network, toy_set, [Budget(1.0, 3)], seed=0)


def test_the_pool_falls_in_cost_and_holds_the_fixed_levels(network, toy_set):
    pool = starting_structures(network, toy_set)

    macs = [int(network.cost(z[None], "toy").macs) for z in pool]
    assert macs == sorted(macs, reverse=True)
    for level in range(network.num_levels):
        assert [level] * network.num_blocks in [z.tolist() for z in pool]
    weight = weight_for_macs(network, {"toy": toy_set}, budget_of(network, 0.5))
    mean = toy_set.distribution.mean(0, keepdim=True)
    assert network.choose(mean, round(weight, 1))[0].tolist() in [z.tolist() for z in pool]


def test_weights_make_classes_equal(rng):
    labels, loss = torch.tensor([0, 0, 0, 2]), torch.tensor([1.0, 2.0, 3.0, 10.0])

    weights = class_weights(labels)

    assert float((weights * loss).mean()) == pytest.approx((2.0 + 10.0) / 2)
    assert float(weights.mean()) == pytest.approx(1.0)


def test_clearly_positive_is_a_matter_of_standard_errors():
    noise = torch.tensor([-1.0, 1.0]).repeat(50)

    assert clearly_positive(noise + 0.5) and not clearly_positive(noise + 0.2) and not clearly_positive(noise - 0.5)
    assert not clearly_positive(torch.zeros(100)) and not clearly_positive(torch.tensor([5.0]))
