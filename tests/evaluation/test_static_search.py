"""The search for the best structure that does not look at the image."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
import torch.nn.functional as F

from den_core.errors import ConfigError
from den_core.evaluation.dial import weight_for_macs
from den_core.evaluation.measuring import logits
from den_core.evaluation.static_search import Budget, _Search, best_statics, clearly_positive, starting_structures
from den_core.structures import full_structure, uniform_structure


def losses_of(network, data, z) -> torch.Tensor:
    """Cross-entropy of every image under one structure."""
    return F.cross_entropy(logits(network, data, z.expand(len(data.labels), -1)), data.labels, reduction="none")


def loss_of(network, data, z) -> float:
    return float(losses_of(network, data, z).mean())


def leads(network, data, z, best) -> bool:
    """Whether a structure is better than another by more than a standard error of the difference."""
    ahead = losses_of(network, data, best) - losses_of(network, data, z)
    return float(ahead.mean()) > float(ahead.std()) / len(ahead) ** 0.5


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


def test_many_trials_leave_no_near_structure_that_clearly_leads(network, wanting_more):
    """All 64 structures of a network with three blocks, by brute force; the best of them all just does not fit."""
    every = torch.tensor(list(itertools.product(range(network.num_levels), repeat=network.num_blocks)))
    losses = [loss_of(network, wanting_more, z) for z in every]
    macs = [int(network.cost(z[None], "toy").macs) for z in every]
    budget = macs[losses.index(min(losses))] - 1
    assert len(every) < 300

    found = best_statics(network, wanting_more, [Budget(budget, trials=400)], seed=0)[0]

    near = [z for z, m in zip(every, macs, strict=True) if m <= budget and 0 < (z != found).sum() <= 2]
    assert len(near) > 10 and not any(leads(network, wanting_more, z, found) for z in near)
    levels = [uniform_structure(1, network.num_blocks, level)[0] for level in range(network.num_levels)]
    fitting = [z for z in levels if int(network.cost(z[None], "toy").macs) <= budget]
    assert loss_of(network, wanting_more, found) <= min(loss_of(network, wanting_more, z) for z in fitting) + 1e-5


def test_a_fixed_level_stays_unless_it_is_clearly_led(network, toy_set, monkeypatch):
    """Two structures tell images apart by luck alone: one is better on 16 of 30, the fixed level on 14."""
    lucky = torch.tensor([1, 1, 2])
    ahead = torch.tensor([1.0] * 16 + [-1.0] * 14)

    def losses(search, z, rows):
        if torch.equal(z, lucky):
            return 2 - ahead[rows]
        return torch.full((len(rows),), 2.0 if z.eq(1).all() else 9.0)

    monkeypatch.setattr(_Search, "_losses", losses)
    budget = Budget(float(network.cost(lucky[None], "toy").macs[0]), trials=0, candidates=[lucky])

    assert best_statics(network, toy_set, [budget], seed=0)[0].tolist() == [1, 1, 1]
    ahead[:28] = 1.0
    assert best_statics(network, toy_set, [budget], seed=0)[0].tolist() == lucky.tolist()


def test_a_larger_budget_is_never_worse_and_budgets_keep_their_order(network, wanting_more):
    shares = (0.7, 0.1, 1.0, 0.4)

    found = best_statics(network, wanting_more, [Budget(budget_of(network, s), 5) for s in shares], seed=0)

    losses = {s: loss_of(network, wanting_more, z) for s, z in zip(shares, found, strict=True)}
    ordered = [losses[s] for s in sorted(shares)]
    assert all(a >= b - 1e-5 for a, b in itertools.pairwise(ordered)) and ordered[0] > ordered[-1]
    for share, z in zip(shares, found, strict=True):
        assert int(network.cost(z[None], "toy").macs) <= budget_of(network, share)


def test_the_search_starts_from_levels_what_it_is_given_and_the_six_most_expensive_of_the_pool(
    network, toy_set, rng, monkeypatch
):
    candidates = list(torch.randint(network.num_levels, (6, network.num_blocks), generator=rng))
    tried = []
    race = _Search._race
    monkeypatch.setattr(_Search, "_race", lambda search, z: (tried.append(tuple(z.tolist())), race(search, z))[1])
    for share in (0.3, 0.5, 0.9):
        budget = budget_of(network, share)
        levels = [uniform_structure(1, network.num_blocks, level)[0] for level in range(network.num_levels)]
        fitting = [
            [tuple(z.tolist()) for z in structures if int(network.cost(z[None], "toy").macs) <= budget]
            for structures in (levels, candidates, starting_structures(network, toy_set))
        ]
        tried.clear()

        found = best_statics(network, toy_set, [Budget(budget, trials=0, candidates=candidates)], seed=0)[0]

        assert set(tried) == {*fitting[0], *fitting[1], *fitting[2][:6]} and tuple(found.tolist()) in tried


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


def test_clearly_positive_is_a_matter_of_standard_errors():
    noise = torch.tensor([-1.0, 1.0]).repeat(50)

    assert clearly_positive(noise + 0.5, 3) and not clearly_positive(noise + 0.2, 3)
    assert clearly_positive(noise + 0.2, 1) and not clearly_positive(noise - 0.5, 1)
    assert not clearly_positive(torch.zeros(100), 3) and not clearly_positive(torch.tensor([5.0]), 3)
    assert clearly_positive(torch.tensor([5.0]), 0) and not clearly_positive(torch.tensor([-5.0]), 0)
