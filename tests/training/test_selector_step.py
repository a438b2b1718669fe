"""The selector's step on real networks: what Eq. 5 charges for, which way the entropy bonus pulls, and how ε falls."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from den_core.config import SelectorTurnConfig
from den_core.data.loaders import Batch
from den_core.models.accounting import CostTable, cost_table
from den_core.models.estimator import Estimator
from den_core.models.selector import Selector
from den_core.models.static import StaticEstimator
from den_core.training import trainer
from den_core.training.objective import entropy
from den_core.training.selector_step import selector_step
from den_core.training.setup import Execution
from den_core.training.trainer import Trainer

CONTROLS = ("none", "leave_one_out", "critic")


class Step:
    """One step of a tiny selector from the same weights, on the same images, with the same random numbers."""

    def __init__(self, estimator: Estimator, selector: Selector, images: dict[str, Tensor], rng: torch.Generator):
        # a selector in evaluation mode changes no statistics, so that every step starts from the same state
        self.estimator, self.selector = StaticEstimator(estimator), selector.eval()
        labels = {task: torch.randint(3, (len(x),), generator=rng) for task, x in images.items()}
        self.batch, self.table = Batch(images, labels), cost_table(estimator, selector)

    def gradient(self, table: CostTable | None = None, **config: str | float) -> Tensor:
        """What the step moves the selector's weights by, all in one row."""
        stage = SelectorTurnConfig(steps=1, **config)
        fabric, optimizer = Fabric(accelerator="cpu", devices=1), torch.optim.SGD(self.selector.parameters(), lr=0.0)
        generator = torch.Generator().manual_seed(1)
        table = table or self.table
        selector_step(fabric, self.selector, optimizer, self.estimator, self.batch, table, 0.0, stage, 0.0, generator)
        return torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in self._parameters()])

    def entropy_gradient(self) -> Tensor:
        """The same of the entropy of P(z; x), mean over images and tasks."""
        outputs = self.selector(self.batch.images).values()
        mean = torch.stack([entropy(output.log_distribution).mean() for output in outputs]).mean()
        found = torch.autograd.grad(mean, self._parameters(), materialize_grads=True)
        return torch.cat([part.flatten() for part in found])

    def _parameters(self) -> list[Tensor]:
        return list(self.selector.parameters())


@pytest.fixture
def step(toy_network, make_estimator, toy_images, trained_norms, rng) -> Step:
    """Six images of each of two tasks; the selector has a critic."""
    estimator = make_estimator()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        selector = Selector(toy_network(critic=True))
    trained_norms(selector, rng)
    return Step(estimator, selector, toy_images(estimator, 6), rng)


@pytest.mark.parametrize("control", CONTROLS)
def test_the_entropy_bonus_pulls_towards_more_entropy(control, step):
    """The loss falls as the entropy rises, whatever is subtracted in Eq. 7."""
    plain, with_bonus = (step.gradient(control_variate=control, entropy_weight=weight) for weight in (0.0, 10.0))

    expected = -10.0 * step.entropy_gradient()
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(with_bonus - plain, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("control", CONTROLS)
def test_the_penalty_charges_for_parameters_and_not_for_macs(control, step):
    """d_i of Eq. 5 is a share of parameters: other MACs change nothing, other parameters do."""
    other_macs = dataclasses.replace(step.table, block_macs=step.table.block_macs.square())
    other_params = dataclasses.replace(step.table, block_params=step.table.block_params.square())

    found = step.gradient(control_variate=control, rho=5.0)

    assert torch.equal(step.gradient(other_macs, control_variate=control, rho=5.0), found)
    assert not torch.allclose(step.gradient(other_params, control_variate=control, rho=5.0), found, rtol=1e-2)


def test_usage_is_the_share_of_a_blocks_parameters(step):
    table = dataclasses.replace(
        step.table,
        block_params=torch.tensor([[0, 10, 20, 40], [0, 3, 4, 5]]),
        block_macs=torch.tensor([[0, 1, 2, 3], [0, 1, 2, 3]]),
    )

    torch.testing.assert_close(table.usage, torch.tensor([[0, 0.25, 0.5, 1], [0, 0.6, 0.8, 1]]))


def test_epsilon_falls_from_step_to_step_and_stays_at_zero_after_the_first_round(
    short_digits, digits_data, tmp_path, monkeypatch
):
    """Algorithm 1 explores once: a selector that has learned is not sent back to uniformly drawn structures."""
    seen = []

    def spy(fabric, selector, optimizer, estimator, batch, table, epsilon, *rest):
        seen.append(epsilon)
        return selector_step(fabric, selector, optimizer, estimator, batch, table, epsilon, *rest)

    monkeypatch.setattr(trainer, "selector_step", spy)
    recipe = short_digits("32-true", epsilon_start=0.8, epsilon_decay=0.5)
    assert recipe.training.rounds == 2 and recipe.training.selector.steps == 4

    Trainer(recipe, digits_data, Execution(tmp_path, accelerator="cpu", progress=False)).run()

    assert seen == pytest.approx([0.8, 0.4, 0.2, 0.1, 0, 0, 0, 0])
