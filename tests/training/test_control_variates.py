"""Every control variate leaves Eq. 7's mean alone and lowers its variance: by enumeration and by experiment."""

from __future__ import annotations

import copy
import dataclasses
import itertools

import pytest
import torch

from den_core.config import SelectorTurnConfig
from den_core.models.selector import SelectorOutput
from den_core.training import objective as eq
from den_core.training.sampling import epsilon_greedy, explored
from den_core.training.selector_step import draw_structures, selector_loss

CONTROLS = ("none", "leave_one_out", "critic")
RHO = 0.8
CONFIG = SelectorTurnConfig(steps=1, rho=RHO, samples=2, critic_samples=0)


class Toy:
    """B images with n blocks of h levels, and a table with the loss of each image under each structure.

    The losses have what real ones have: a level of their own per image, effects of single blocks, and interactions.
    """

    def __init__(self, batch: int, n: int, h: int, rng: torch.Generator):
        def draw(*shape):
            return torch.randn(*shape, generator=rng, dtype=torch.float64)

        self.shape = (batch, n, h)
        self.all = torch.cartesian_prod(*[torch.arange(h)] * n)
        self.place = h ** torch.arange(n - 1, -1, -1)
        single = eq.additive_value(0.3 * draw(batch, n, h), 2.3 + 0.7 * draw(batch), self.all.expand(batch, -1, -1))
        self.losses = single + 0.15 * draw(batch, h**n)
        self.usage = torch.linspace(0, 1, h, dtype=torch.float64).square().expand(n, h)
        self.logits = draw(batch, n, h).requires_grad_()
        self.q, self.bias = (0.2 * draw(batch, n, h)).requires_grad_(), (2 + draw(batch)).requires_grad_()

    def output(self) -> SelectorOutput:
        q = self.q - self.q.mean(-1, keepdim=True)
        return SelectorOutput(self.logits.log_softmax(-1), q, self.bias)

    def loss_of(self, z: torch.Tensor) -> torch.Tensor:
        """(B, S, n) -> (B, S)."""
        return self.losses.gather(1, (z * self.place).sum(-1))

    def gradient(self, z: torch.Tensor, epsilon: float, config: SelectorTurnConfig) -> torch.Tensor:
        """One estimate of the gradient in the logits, (B, n, h)."""
        loss = selector_loss(self.output(), z, self.loss_of(z), self.usage, epsilon, config)
        return torch.autograd.grad(loss, self.logits)[0]

    def exact_gradient(self, floor: float) -> torch.Tensor:
        """The gradient of E[R], structures drawn from the explored C."""
        z = self.all.expand(self.shape[0], -1, -1)
        P = eq.log_probability(explored(self.logits.log_softmax(-1), floor), z).exp()
        R = self.losses + eq.sparsity_penalty(z, self.usage, RHO)
        return torch.autograd.grad((P * R).sum(1).mean(), self.logits)[0]


@pytest.mark.parametrize("floor", [0.0, 0.1])
@pytest.mark.parametrize("epsilon", [0.0, 0.4])
@pytest.mark.parametrize("control", CONTROLS)
def test_mean_gradient_is_exact(control, epsilon, floor, rng):
    """Over all pairs of samples, weighted by how often ε-greedy draws them, the estimate averages to the gradient."""
    toy = Toy(1, 2, 3, rng)
    config = dataclasses.replace(CONFIG, control_variate=control, probability_floor=floor)
    log_C = explored(toy.logits.detach().log_softmax(-1), floor)
    P = eq.log_probability(log_C, toy.all[None]).exp()[0]
    drawn = (1 - epsilon) * P + epsilon / len(P)

    mean = torch.zeros(toy.shape, dtype=torch.float64)
    for i, j in itertools.product(range(len(P)), repeat=2):
        mean += drawn[i] * drawn[j] * toy.gradient(toy.all[None, [i, j]], epsilon, config)

    # the floor passes through float32 on its way
    torch.testing.assert_close(mean, toy.exact_gradient(floor), atol=1e-7 if floor else 1e-12, rtol=0)


def test_without_the_importance_weight_exploration_would_bend_the_gradient(rng):
    """The test above could see a missing weight: the same mean is off without it."""
    toy = Toy(1, 2, 3, rng)
    config = dataclasses.replace(CONFIG, control_variate="none", samples=1)
    P = eq.log_probability(toy.logits.detach().log_softmax(-1), toy.all[None]).exp()[0]

    mean = sum((0.6 * p + 0.4 / 9) * toy.gradient(z[None, None], 0.0, config) for p, z in zip(P, toy.all, strict=True))

    assert (mean - toy.exact_gradient(0.0)).abs().max() > 0.01


def test_an_unknown_control_variate_is_no_other(rng):
    toy, config = Toy(1, 2, 3, rng), copy.copy(CONFIG)
    object.__setattr__(config, "control_variate", "typo")

    with pytest.raises(AssertionError, match="typo"):
        toy.gradient(toy.all[None, :2], 0.0, config)
    with pytest.raises(AssertionError, match="typo"):
        draw_structures(toy.output().log_distribution.detach(), toy.usage, 0.0, config, 0.0, rng)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.9])
def test_importance_weight_is_the_ratio_of_the_two_distributions(epsilon, every_structure, random_log_distribution):
    log_C, z = random_log_distribution(4, 2, 3), every_structure(2, 3).expand(4, -1, -1)
    log_prob = eq.log_probability(log_C, z)

    weight = eq.importance_weight(log_prob, num_levels=3, num_blocks=2, epsilon=epsilon)

    P = log_prob.exp()
    torch.testing.assert_close(weight, P / ((1 - epsilon) * P + epsilon / 9))
    assert weight.max() <= 1 / (1 - epsilon) + 1e-12


def test_importance_weight_survives_probabilities_that_underflow():
    log_prob = torch.tensor([[-400.0, -0.1]])

    weight = eq.importance_weight(log_prob, num_levels=4, num_blocks=20, epsilon=0.5)

    assert torch.isfinite(weight).all() and weight[0, 0] < 1e-20


def fit_critic(toy: Toy, rng: torch.Generator) -> None:
    """Regress the critic on sampled losses as training does, through `selector_loss`; the logits stand still."""
    config = dataclasses.replace(CONFIG, control_variate="critic", critic_samples=2)
    adam = torch.optim.Adam([toy.q, toy.bias], lr=0.05)
    for _ in range(300):
        output = toy.output()
        z = draw_structures(output.log_distribution.detach(), toy.usage, 0.0, config, 0.0, rng)
        loss = selector_loss(output, z, toy.loss_of(z), toy.usage, 0.0, config)
        adam.zero_grad()
        loss.backward(inputs=[toy.q, toy.bias])
        adam.step()


def variance(toy: Toy, config: SelectorTurnConfig, rng: torch.Generator, draws: int = 400) -> float:
    """Total variance of the gradient estimate over `draws` seeded draws of structures."""
    C = toy.logits.detach().softmax(-1)
    estimates = [toy.gradient(epsilon_greedy(C, config.samples, 0.0, rng), 0.0, config) for _ in range(draws)]
    return float(torch.stack(estimates).var(0).sum())


def test_control_variates_lower_the_variance(rng):
    """Two samples per image, 32 images, 256 structures, 400 draws of each. The bars hold with a wide margin."""
    toy = Toy(32, 4, 4, rng)
    fit_critic(toy, rng)

    found = {c: variance(toy, dataclasses.replace(CONFIG, control_variate=c), rng) for c in CONTROLS}

    ratio = {c: found[c] / found["none"] for c in CONTROLS}
    print("variance relative to no control variate:", {c: round(r, 3) for c, r in ratio.items()})
    assert ratio["leave_one_out"] < 0.5
    assert ratio["critic"] < 0.1
    assert ratio["critic"] < ratio["leave_one_out"]
