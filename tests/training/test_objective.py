"""Eq. 3 and Eq. 5 hold what the paper says of them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.errors import StructureError
from den_core.training import objective as eq

SIZES = [(1, 2), (1, 5), (2, 4), (3, 3), (4, 2), (4, 4)]


@pytest.mark.parametrize("n, h", SIZES)
def test_probabilities_of_all_structures_sum_to_one(n, h, every_structure, random_log_distribution):
    log_C = random_log_distribution(6, n, h)
    z = every_structure(n, h)

    P = eq.log_probability(log_C, z.expand(6, -1, -1)).exp()

    torch.testing.assert_close(P.sum(1), torch.ones(6, dtype=torch.float64))


def test_log_probability_is_the_sum_over_blocks():
    """Two blocks at 1/4 and 1/2 of one image: P = 1/8."""
    log_C = torch.tensor([[[0.75, 0.25], [0.5, 0.5]]]).log()

    found = eq.log_probability(log_C, torch.tensor([[[1, 0], [0, 1]]]))

    torch.testing.assert_close(found.exp(), torch.tensor([[0.125, 0.375]]))


def test_log_probability_of_many_unlikely_blocks_keeps_its_gradient():
    """The product of 40 probabilities of 1e-5 is 0 in float32; the sum of logarithms is not."""
    logits = torch.zeros(1, 40, 4)
    logits[..., 1] = -11.5
    logits.requires_grad_()

    found = eq.log_probability(logits.log_softmax(-1), torch.ones(1, 1, 40, dtype=torch.int64))
    found.sum().backward()

    assert found.exp() == 0 and torch.isfinite(found).all()
    torch.testing.assert_close(logits.grad[..., 1], torch.ones(1, 40), atol=1e-4, rtol=0)


def test_penalty_is_zero_where_all_is_skipped_and_rho_where_nothing_is(rising_usage):
    usage = rising_usage(5, 4)

    found = eq.sparsity_penalty(torch.tensor([[0] * 5, [3] * 5]), usage, rho=0.7)

    torch.testing.assert_close(found, torch.tensor([0.0, 0.7], dtype=torch.float64))


def test_penalty_by_hand():
    """Usage 1/4 and 1 of two blocks: mean 5/8, square 25/64, times rho 2; every image for itself."""
    usage = torch.tensor([[0.0, 0.25, 1.0], [0.0, 0.5, 1.0]])

    found = eq.sparsity_penalty(torch.tensor([[1, 2], [0, 1]]), usage, rho=2.0)

    torch.testing.assert_close(found, torch.tensor([2 * 25 / 64, 2 * (0.5 / 2) ** 2]))


@settings(max_examples=50, deadline=None)
@given(data=st.data(), rho=st.floats(0, 10), n=st.integers(1, 8), h=st.integers(2, 5))
def test_penalty_stays_within_zero_and_rho_and_rises_with_levels(data, rho, n, h):
    level = st.integers(0, h - 1)
    z = torch.tensor([data.draw(st.lists(level, min_size=n, max_size=n))])
    usage = (torch.arange(h) / (h - 1)).square().expand(n, h).double()
    i = data.draw(st.integers(0, n - 1))
    more = z.clone()
    more[0, i] = min(h - 1, int(z[0, i]) + 1)

    lower, higher = eq.sparsity_penalty(torch.cat([z, more]), usage, rho)

    assert 0 <= lower <= higher <= rho * (1 + 1e-12)


@pytest.mark.parametrize("n, h", SIZES)
def test_expected_penalty_equals_the_mean_over_all_structures(
    n, h, every_structure, random_log_distribution, rising_usage
):
    log_C, usage, z = random_log_distribution(5, n, h), rising_usage(n, h), every_structure(n, h)

    found = eq.expected_sparsity_penalty(log_C.exp(), usage, rho=0.4)

    P = eq.log_probability(log_C, z.expand(5, -1, -1)).exp()
    torch.testing.assert_close(found, (P * eq.sparsity_penalty(z, usage, 0.4)).sum(1))


@pytest.mark.parametrize("n, h", SIZES)
def test_expected_additive_value_equals_the_mean_over_all_structures(
    n, h, every_structure, random_log_distribution, rng
):
    log_C, z = random_log_distribution(5, n, h), every_structure(n, h).expand(5, -1, -1)
    q, bias = (torch.randn(*shape, generator=rng, dtype=torch.float64) for shape in ((5, n, h), (5,)))

    found = eq.expected_additive_value(log_C.exp(), q, bias)

    P = eq.log_probability(log_C, z).exp()
    torch.testing.assert_close(found, (P * eq.additive_value(q, bias, z)).sum(1))


def test_leave_one_out_is_the_mean_of_the_others():
    found = eq.leave_one_out(torch.tensor([[1.0, 2.0, 6.0]]))

    torch.testing.assert_close(found, torch.tensor([[4.0, 3.5, 1.5]]))


def test_entropy_is_n_log_h_where_uniform_and_zero_where_certain():
    log_C = torch.tensor([[[0.25] * 4] * 3, [[1 - 3e-9, 1e-9, 1e-9, 1e-9]] * 3], dtype=torch.float64).log()

    found = eq.entropy(log_C)

    torch.testing.assert_close(found, 3 * torch.tensor([4.0, 1.0], dtype=torch.float64).log(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("n, h", SIZES)
def test_entropy_is_that_of_the_distribution_over_structures(n, h, every_structure, random_log_distribution):
    log_C = random_log_distribution(5, n, h)

    log_P = eq.log_probability(log_C, every_structure(n, h).expand(5, -1, -1))

    torch.testing.assert_close(eq.entropy(log_C), -(log_P.exp() * log_P).sum(1))


@pytest.mark.parametrize("z", [[[0, 1]], [[0, 1, 4]], [[0, -1, 1]]])
def test_usage_refuses_structures_that_do_not_fit(z, rising_usage):
    with pytest.raises(StructureError, match="expected"):
        eq.usage_of(torch.tensor(z), rising_usage(3, 4))
