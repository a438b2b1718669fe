"""However a structure is run (masked, dispatched, static, extracted, alone or in a batch), its logits are the same."""

import copy
from collections.abc import Iterator

import pytest
import torch

from den_core.errors import ConfigError, StructureError
from den_core.models import fused, static
from den_core.models.dispatch import BlockPlan, plan_dispatch, reorder_images
from den_core.models.fused import FusedChain
from den_core.models.registry import list_backbones
from den_core.models.static import ExtractedNetwork, StaticEstimator
from den_core.structures import random_structures, uniform_structure

TINY = list_backbones(scale="tiny")


@pytest.fixture
def joint_batch(toy_images, rng):
    """Images of both toy tasks with structures of their own, every level in every block among them."""

    def joint_batch(estimator, images=7, dtype=torch.float64):
        n, h = estimator.num_blocks, estimator.num_levels
        x = toy_images(estimator, images, dtype)
        z = {task: random_structures(images, n, h, rng) for task in x}
        z["toy"][:h] = torch.arange(h)[:, None]
        return x, z

    return joint_batch


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
@pytest.mark.parametrize("backbone", TINY)
def test_masked_equals_dispatched_in_evaluation(backbone, statistics, make_estimator, joint_batch):
    estimator = make_estimator(backbone, statistics).double()
    x, z = joint_batch(estimator)

    masked, dispatched = estimator(x, z, "masked"), estimator(x, z, "dispatched")

    torch.testing.assert_close(masked, dispatched, atol=2e-6, rtol=1e-6)


def test_another_execution_is_refused(make_estimator, joint_batch):
    estimator = make_estimator().double()

    with pytest.raises(ConfigError, match="expected one of 2 executions, found 'mask'; did you mean masked"):
        estimator(*joint_batch(estimator), "mask")


@pytest.mark.parametrize("backbone", TINY)
def test_masked_equals_dispatched_in_training(backbone, make_estimator, joint_batch):
    """Logits, the gradient of every parameter, and the running statistics of every row that is in use."""
    masked = make_estimator(backbone).double().train()
    dispatched = copy.deepcopy(masked)
    x, z = joint_batch(masked)

    logits = masked(x, z, "masked"), dispatched(x, z, "dispatched")
    for found in logits:
        sum(part.square().mean() for part in found.values()).backward()

    torch.testing.assert_close(*logits, atol=1e-5, rtol=1e-5)
    for (name, a), b in zip(masked.named_parameters(), dispatched.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}")
    for a, b in zip(masked.blocks, dispatched.blocks, strict=True):
        for level in (level for level, channels in enumerate(a.hidden) if channels):  # a skipped one normalises nothing
            for i in range(len(a.layers)):
                norms = [norm for norm in (a.norm(i), b.norm(i)) if norm is not None]
                for statistic in ("running_mean", "running_var"):
                    pair = [getattr(norm, statistic)[level, : a.ends(i, level)[0]] for norm in norms]
                    torch.testing.assert_close(pair[:1], pair[1:], atol=1e-6, rtol=1e-5)


def test_a_level_without_images_keeps_its_statistics(make_estimator, rng):
    for execution in ("masked", "dispatched"):
        estimator = make_estimator().train()
        before = copy.deepcopy(estimator.state_dict())
        x = {"toy": torch.randn(4, 3, 32, 32, generator=rng)}

        estimator(x, {"toy": uniform_structure(4, estimator.num_blocks, 2)}, execution)

        for name, tensor in estimator.blocks.state_dict().items():
            if "running" in name:
                assert torch.equal(tensor[[1, 3]], before[f"blocks.{name}"][[1, 3]]), name
                assert not torch.equal(tensor[2], before[f"blocks.{name}"][2]), name


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
@pytest.mark.parametrize("backbone", TINY)
def test_static_network_equals_masked(backbone, statistics, make_estimator, joint_batch):
    estimator = make_estimator(backbone, statistics)
    x, z = joint_batch(estimator, images=24, dtype=torch.float32)

    static = StaticEstimator(estimator)

    for task in x:
        torch.testing.assert_close(
            static(x[task], z[task], task), estimator.classify(x[task], z[task], task), atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("backbone", TINY)
def test_batch_of_one_equals_the_image_in_a_batch_of_256_at_every_structure(backbone, make_estimator, rng):
    static = StaticEstimator(make_estimator(backbone))
    n = len(static.blocks)
    every = torch.cartesian_prod(*[torch.arange(static.num_levels)] * n)
    every = every[torch.randperm(len(every), generator=rng)]  # of a deep network 256 of all
    z = every.repeat(-(-256 // len(every)), 1)[:256]
    x = torch.randn(256, 3, 32, 32, generator=rng)

    together = static(x, z, "toy")
    alone = torch.cat([static(x[i : i + 1], z[i : i + 1], "toy") for i in range(min(len(every), 256))])

    torch.testing.assert_close(together[: len(alone)], alone, atol=1e-4, rtol=1e-4)


def test_the_order_of_a_batch_does_not_matter(make_estimator, joint_batch, rng):
    estimator = make_estimator()
    static = StaticEstimator(estimator)
    x, z = joint_batch(estimator, images=20, dtype=torch.float32)
    order = torch.randperm(20, generator=rng)

    permuted = static(x["wide"][order], z["wide"][order], "wide")

    torch.testing.assert_close(permuted, static(x["wide"], z["wide"], "wide")[order], atol=1e-5, rtol=1e-5)


def test_running_does_not_change_its_inputs(make_estimator, joint_batch):
    """The static blocks write into the maps that they own, and into nothing else."""
    estimator = make_estimator()
    static = StaticEstimator(estimator)
    x, z = joint_batch(estimator, dtype=torch.float32)
    before = x["toy"].clone(), z["toy"].clone(), copy.deepcopy(static.state_dict())

    first = static(x["toy"], z["toy"], "toy")

    assert torch.equal(x["toy"], before[0]) and torch.equal(z["toy"], before[1])
    assert all(torch.equal(tensor, before[2][name]) for name, tensor in static.state_dict().items())
    assert torch.equal(static(x["toy"], z["toy"], "toy"), first)


@pytest.mark.parametrize("levels", [(3, 3, 3), (0, 0, 0), (0, 2, 1), (3, 0, 1)])
def test_extracted_network_gives_the_same_logits(levels, make_estimator, rng):
    estimator = make_estimator()
    x, z = torch.randn(3, 3, 64, 64, generator=rng), torch.tensor(levels)

    extracted = ExtractedNetwork(estimator, z, "wide")

    expected = estimator.classify(x, z.expand(3, -1), "wide")
    torch.testing.assert_close(extracted(x), expected, atol=1e-4, rtol=1e-4)


def test_bfloat16_form_agrees_roughly(make_estimator, joint_batch):
    """What the selector is trained on ranks the classes almost as the float32 network does."""
    estimator = make_estimator()
    x, z = joint_batch(estimator, images=64, dtype=torch.float32)
    exact = StaticEstimator(estimator)(x["toy"], z["toy"], "toy")

    rough = StaticEstimator(estimator).bfloat16()(x["toy"], z["toy"], "toy")

    assert rough.dtype == torch.float32
    assert (rough - exact).norm() < 0.03 * exact.norm()


def orders(plan, images: int) -> Iterator[tuple[BlockPlan, torch.Tensor]]:
    """Every block's plan, and which images it meets in which order."""
    current = torch.arange(images)
    for step in plan.blocks:
        current = current if step.reorder is None else current[step.reorder]
        yield step, current


@pytest.mark.parametrize("n", [1, 4])
def test_a_plan_runs_every_image_at_its_levels_and_restores_the_order(n, rng):
    z = random_structures(33, n, 4, rng)
    plan = plan_dispatch(z)

    for i, (step, current) in enumerate(orders(plan, 33)):
        assert [level for level, images in step.runs for _ in range(images)] == z[current, i].tolist()
        levels = [level for level, _ in step.runs]
        assert len(set(levels)) == len(levels), "a level's images are together"
    assert torch.equal(current[plan.restore], torch.arange(33))


def test_a_batch_whose_levels_lie_together_is_not_sorted():
    """In whatever order the levels come."""
    plan = plan_dispatch(torch.tensor([[2, 0], [2, 0], [1, 3], [1, 3]]))

    assert [step.reorder for step in plan.blocks] == [None, None] and plan.restore is None
    assert [step.runs for step in plan.blocks] == [[(2, 2), (1, 2)], [(0, 2), (3, 2)]]


def test_a_large_batch_runs_in_parts_with_the_same_answers(make_estimator, joint_batch, monkeypatch):
    estimator = make_estimator()
    x, z = joint_batch(estimator, images=23, dtype=torch.float32)
    whole = StaticEstimator(estimator)
    expected = whole(x["toy"], z["toy"], "toy"), whole.features(x["toy"], z["toy"], "toy")

    monkeypatch.setattr(static, "PART", 5)

    found = whole(x["toy"], z["toy"], "toy"), whole.features(x["toy"], z["toy"], "toy")
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
@pytest.mark.parametrize("backbone", TINY)
def test_fused_chains_answer_as_plain_ones(backbone, statistics, make_estimator, joint_batch):
    estimator = make_estimator(backbone, statistics)
    x, z = joint_batch(estimator, images=24, dtype=torch.float32)
    plain, faster = StaticEstimator(estimator), StaticEstimator(estimator).fuse()

    assert all(isinstance(branch, FusedChain) for block in faster.blocks for branch in block.branches.values())
    for task in x:
        for part in (slice(0, 24), slice(0, 1)):
            torch.testing.assert_close(
                faster(x[task][part], z[task][part], task), plain(x[task][part], z[task][part], task),
                atol=1e-4, rtol=1e-4,
            )  # fmt: skip


def test_chains_stay_plain_where_they_cannot_be_fused(make_estimator, joint_batch, monkeypatch):
    estimator = make_estimator().double()
    x, z = joint_batch(estimator)
    double = StaticEstimator(estimator).fuse()
    assert not any(isinstance(branch, FusedChain) for block in double.blocks for branch in block.branches.values())
    torch.testing.assert_close(
        double(x["toy"], z["toy"], "toy"), estimator.classify(x["toy"], z["toy"], "toy"), atol=2e-6, rtol=1e-6
    )

    monkeypatch.setattr(fused, "_NAMES", ("_an_operator_that_torch_dropped",))
    assert not fused.can_fuse(torch.zeros(4, 4, 3, 3))


@pytest.mark.parametrize("images", [0, 1, 5])
def test_a_batch_that_agrees_is_not_moved_at_all(images):
    plan = plan_dispatch(torch.tensor([[2, 0, 3]]).expand(images, -1))

    assert plan.restore is None and all(step.reorder is None for step in plan.blocks)
    assert all(images == count for step in plan.blocks for _, count in step.runs)


def test_reordering_images_has_the_gradient_of_indexing(rng):
    x = torch.randn(5, 3, 4, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    order, weight = torch.randperm(5, generator=rng), torch.randn(5, 3, 4, 4, generator=rng, dtype=torch.float64)

    moved = reorder_images(x, order)
    (moved * weight).sum().backward()

    assert torch.equal(moved, x[order])
    assert torch.equal(x.grad, weight[order.argsort()])


@pytest.mark.parametrize(
    "z, found",
    [
        (torch.zeros(2, 4, dtype=torch.int64), "shape"),
        (torch.zeros(2, 3), "int64"),
        (torch.tensor([[0, 1, 2], [0, 4, 0]]), "found 4 in block 1 of image 1"),
        (torch.tensor([[0, 1, 2], [-1, 0, 0]]), "found -1 in block 0 of image 1"),
    ],
)
def test_structures_that_do_not_fit_are_refused(z, found, make_estimator):
    estimator = make_estimator()
    x = torch.zeros(2, 3, 32, 32)

    for run in (StaticEstimator(estimator), estimator.classify):
        with pytest.raises(StructureError, match=found):
            run(x, z, "toy")
