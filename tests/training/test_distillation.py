"""In-place distillation: every image runs in full and with a structure, which learns from the full run's answer."""

import dataclasses

import pytest
import torch

from den_core.data.loaders import Batch
from den_core.models.accounting import cost_table
from den_core.structures import full_structure
from den_core.training.estimator_step import distillation_loss, estimator_step
from den_core.training.sampling import varied_structures
from den_core.training.setup import build_networks

TASK = "digits"


class PlainFabric:
    """The only call that the step makes of lightning-fabric."""

    @staticmethod
    def backward(loss):
        loss.backward()


@pytest.fixture
def step(short_digits, rng):
    """Runs one step of plain gradient descent; returns the estimator before, after, and what the step measured."""

    images = torch.randn(6, 3, 32, 32, generator=rng)

    def step(distillation: float, z: torch.Tensor, share: float = 1.0):
        recipe = short_digits("32-true")
        estimator, selector = build_networks(recipe)
        before = {k: v.clone() for k, v in estimator.state_dict().items()}
        batch = Batch({TASK: images}, {TASK: torch.arange(6)})
        config = dataclasses.replace(
            recipe.training.estimator, distillation=distillation, distilled_share=share, execution="masked"
        )
        optimizer = torch.optim.SGD(estimator.parameters(), lr=1.0)
        result = estimator_step(
            PlainFabric, estimator.train(), optimizer, batch, {TASK: z}, cost_table(estimator, selector), config
        )
        return before, estimator.state_dict(), result

    return step


def test_the_divergence_is_zero_only_where_answers_agree():
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0]])
    other = torch.tensor([[0.0, 2.0, -1.0], [0.5, 0.5, 0.0]])
    p, q = logits.softmax(1), other.softmax(1)

    assert float(distillation_loss(logits, logits + 3)) == pytest.approx(0, abs=1e-6)
    assert float(distillation_loss(other, logits)) == pytest.approx(float((p * (p / q).log()).sum() / 2), rel=1e-5)


def test_the_teacher_gets_no_gradient_from_its_pupil():
    teacher, pupil = torch.randn(4, 5, requires_grad=True), torch.randn(4, 5, requires_grad=True)

    distillation_loss(pupil, teacher).backward()

    assert teacher.grad is None
    torch.testing.assert_close(pupil.grad, (pupil.softmax(1) - teacher.softmax(1)).detach() / 4)


def test_the_loss_grows_by_the_weighted_divergence(step):
    z = torch.zeros(6, 3, dtype=torch.int64)

    losses = [step(weight, z)[2].loss for weight in (1.0, 2.0, 3.0)]

    assert losses[1] - losses[0] == pytest.approx(losses[2] - losses[1], rel=1e-4)
    assert losses[1] > losses[0]


@pytest.mark.parametrize(("share", "usage"), [(1.0, 6 / 12), (0.5, 6 / 9), (0.01, 6 / 7)])
def test_usage_counts_both_runs(share, usage, step):
    """Six images run in full; those that run again, at least one, skip every block."""
    assert step(1.0, torch.zeros(6, 3, dtype=torch.int64), share)[2].usage == pytest.approx(usage)


def test_structures_learn_without_seeing_a_label(step):
    """Level 1 alone changes where only the pupil runs: the norm's statistics of that level."""
    z = torch.ones(6, 3, dtype=torch.int64)

    before, after, _ = step(1.0, z)
    plain_before, plain_after, _ = step(0.0, full_structure(6, 3, 4))

    key = next(k for k in before if k.endswith("running_mean") and before[k].dim() == 2 and "blocks" in k)
    assert not torch.equal(before[key][1], after[key][1])
    assert torch.equal(plain_before[key][1], plain_after[key][1])
    assert not torch.equal(before[key][3], after[key][3])


def test_varied_structures_reach_every_density_and_run_even_ones(rng):
    z = varied_structures(4000, 9, 4, rng)
    even = (z == z[:, :1]).all(1)

    assert z.shape == (4000, 9)
    assert 0.27 < float((even & (z[:, 0] > 0) & (z[:, 0] < 3)).float().mean()) < 0.36
    densities = torch.histc(z[~even].float().mean(1), 3, 0, 3)
    assert float(densities.min() / densities.sum()) > 0.25


def test_two_levels_leave_an_even_structure(rng):
    assert set(varied_structures(200, 3, 2, rng).flatten().tolist()) == {0, 1}
