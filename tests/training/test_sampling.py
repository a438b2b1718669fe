"""Structures are drawn as often as Eq. 8 and the configuration say."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.structures import sample_structures
from den_core.training.sampling import (
    dialled,
    epsilon_greedy,
    explored,
    initial_structures,
    most_probable,
    random_density_structures,
    turn_structures,
)

DRAWS = 20_000


def frequencies(z, h):
    """How often each of the h^n structures occurs among the rows of z, (h^n,)."""
    place = h ** torch.arange(z.shape[1] - 1, -1, -1)
    return torch.bincount((z * place).sum(1), minlength=h ** z.shape[1]) / len(z)


def initial_probability(z, num_levels, tau):
    """Eq. 8 for structures z, (B, n): τ + (1-τ) / h^n for the full model, (1-τ) / h^n for every other; (B,)."""
    rest = (1 - tau) / num_levels ** z.shape[1]
    return torch.where((z == num_levels - 1).all(1), tau + rest, rest)


def largest_error(found, expected):
    """The largest deviation of a frequency from its probability, in standard deviations of the draw."""
    spread = (expected * (1 - expected) / DRAWS).sqrt()
    return float(((found - expected).abs() / spread.clamp_min(1e-9)).max())


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 5), h=st.integers(2, 4), tau=st.floats(0, 1))
def test_initial_distribution_sums_to_one(n, h, tau):
    z = torch.cartesian_prod(*[torch.arange(h)] * n).reshape(-1, n)

    total = initial_probability(z, h, tau).double().sum()

    assert abs(float(total) - 1) < 1e-5


def test_initial_distribution_by_hand(every_structure):
    """tau = 3/4, two blocks of two levels: 3/4 + 1/16 for the full model, 1/16 for each other."""
    found = initial_probability(every_structure(2, 2), 2, 0.75)

    torch.testing.assert_close(found, torch.tensor([0.0625, 0.0625, 0.0625, 0.8125]))


@pytest.mark.parametrize("tau", [0.0, 0.3, 0.75])
def test_initial_structures_come_as_often_as_eq_8_says(tau, every_structure, rng):
    found = frequencies(initial_structures(DRAWS, 2, 3, tau, rng), 3)

    assert largest_error(found, initial_probability(every_structure(2, 3), 3, tau)) < 4.5


def test_samples_come_as_often_as_eq_3_says(every_structure, random_log_distribution, rng):
    C = random_log_distribution(1, 2, 3).exp()
    z = every_structure(2, 3)

    found = frequencies(sample_structures(C, DRAWS, rng)[0], 3)

    assert largest_error(found, C[0, 0, z[:, 0]] * C[0, 1, z[:, 1]]) < 4.5


def test_epsilon_greedy_mixes_in_the_uniform_distribution(every_structure, random_log_distribution, rng):
    C = random_log_distribution(1, 2, 3).exp()
    z = every_structure(2, 3)

    found = frequencies(epsilon_greedy(C, DRAWS, 0.4, rng)[0], 3)

    assert largest_error(found, 0.6 * C[0, 0, z[:, 0]] * C[0, 1, z[:, 1]] + 0.4 / 9) < 4.5


@settings(max_examples=40, deadline=None)
@given(floor=st.floats(0, 0.99), seed=st.integers(0, 999))
def test_explored_rows_sum_to_one_and_keep_the_floor(floor, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 20 * torch.randn(3, 4, 5, generator=generator, dtype=torch.float64)

    C = explored(logits.log_softmax(-1), floor).exp()

    torch.testing.assert_close(C.sum(-1), torch.ones(3, 4, dtype=torch.float64))
    assert C.min() >= floor / 5 * (1 - 1e-6)
    torch.testing.assert_close(C, (1 - floor) * logits.softmax(-1) + floor / 5)


def test_random_densities_reach_both_extremes_that_uniform_levels_never_do(rng):
    z = random_density_structures(DRAWS, 9, 4, rng)

    mean = z.double().mean(1) / 3
    shares = torch.histc(mean, bins=5, min=0, max=1) / DRAWS
    assert z.min() == 0 and z.max() == 3
    assert ((mean < 0.05).double().mean() > 0.02) and ((mean > 0.95).double().mean() > 0.02)
    assert (shares - 0.2).abs().max() < 0.05


def test_turn_structures_keep_their_shares(rng):
    """C always says level 1, so that what is not 1 everywhere comes from a share: 15 % full, 10 % uniform."""
    C = torch.zeros(DRAWS, 4, 4)
    C[..., 1] = 1

    z = turn_structures(C, 0.15, 0.1, rng)

    full = (z == 3).all(1).double().mean()
    chosen = (z == 1).all(1).double().mean()
    assert abs(full - (0.15 + 0.1 / 4**4)) < 0.01
    assert abs(chosen - (0.75 + 0.1 / 4**4)) < 0.015


def test_turn_structures_without_shares_follow_the_distribution(every_structure, random_log_distribution, rng):
    C = random_log_distribution(1, 2, 3).exp()
    z = every_structure(2, 3)

    found = frequencies(turn_structures(C.expand(DRAWS, -1, -1), 0.0, 0.0, rng), 3)

    assert largest_error(found, C[0, 0, z[:, 0]] * C[0, 1, z[:, 1]]) < 4.5


def test_the_most_probable_levels_are_certain():
    C = torch.tensor([[[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]])

    assert most_probable(C).tolist() == [[[0, 1, 0], [1, 0, 0]]]


def test_dialled_distributions_are_those_of_cost_weights_in_range(random_log_distribution, rng):
    """Two levels at a relative cost of 0 and 1: the log ratio falls by the image's weight, the same in every block."""
    C = random_log_distribution(500, 3, 2).exp()
    relative_macs = torch.tensor([[0.0, 1.0]]).expand(3, 2)

    found = dialled(C, relative_macs, 4.0, 1.0, rng)

    def ratio(x):
        return (x[..., 1] / x[..., 0]).log()

    weights = ratio(C) - ratio(found)
    torch.testing.assert_close(weights, weights[:, :1].expand(-1, 3), atol=1e-4, rtol=0)
    assert weights.min() >= -1e-4 and weights.max() <= 4 and abs(float(weights.mean()) - 2) < 0.3


def test_dialled_leaves_the_share_of_the_others_alone(random_log_distribution, rng):
    C = random_log_distribution(2000, 3, 3).exp()

    found = dialled(C, torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3), 4.0, 0.25, rng)

    changed = ((found - C).abs().amax((1, 2)) > 1e-4).double().mean()
    assert abs(float(changed) - 0.25) < 0.03


def test_dialled_survives_a_certain_choice(rng):
    C = most_probable(torch.rand(100, 4, 4, generator=rng))

    assert torch.isfinite(dialled(C, torch.rand(4, 4, generator=rng), 100.0, 1.0, rng)).all()
