"""Costs are those of the networks that really run, and of the paper."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from den_core.config import NetworkConfig, TaskConfig
from den_core.models.accounting import cost_table
from den_core.models.estimator import Estimator
from den_core.models.registry import list_backbones
from den_core.models.selector import Selector
from den_core.models.static import ExtractedNetwork, StaticEstimator, StaticSelector
from den_core.recipes import ROWS
from den_core.recipes.row import paper_levels
from den_core.structures import full_structure, random_structures, uniform_structure


@pytest.fixture
def networks(toy_network):
    def networks(backbone: str = "wrn-8-1", **selector):
        config = toy_network(backbone, **selector)
        return Estimator(config).eval(), Selector(config).eval()

    return networks


def counted_macs(module, *inputs) -> int:
    """What PyTorch counts while the module runs, in MACs."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(*inputs)
    assert counter.get_total_flops() % 2 == 0
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("task", ["toy", "wide"])
@pytest.mark.parametrize("backbone", list_backbones())
def test_macs_are_those_of_the_network_that_runs(backbone, task, networks, toy_images, rng):
    estimator, selector = networks(backbone)
    table = cost_table(estimator, selector)
    n, h = estimator.num_blocks, estimator.num_levels
    x = toy_images(estimator, 1)[task]

    for z in torch.cat([full_structure(1, n, h), uniform_structure(1, n, 0), random_structures(2, n, h, rng)]):
        extracted = ExtractedNetwork(estimator, z, task)
        assert counted_macs(extracted, x) == int(table.cost(z[None], task).macs)
    assert counted_macs(StaticSelector(selector), x, task) == table.selector_macs[task]


SELECTORS = [{}, {"critic": True}, {"critic": True, "temperature": 0.1}]


@pytest.mark.parametrize("options", SELECTORS, ids=["plain", "critic for training", "critic in the choice"])
def test_the_selector_costs_what_inference_runs(options, networks, rng):
    estimator, selector = networks(**options)
    table = cost_table(estimator, selector)
    x = torch.randn(1, 3, 64, 64, generator=rng)

    static = StaticSelector(selector)

    assert counted_macs(static, x, "wide") == table.selector_macs["wide"]
    parts = [selector.stems["wide"], selector.blocks, selector.head]
    parts += [selector.critic] if selector.temperature else []
    assert table.selector_params["wide"] == sum(p.numel() for part in parts for p in part.parameters())


def test_a_mixed_batch_runs_the_sum_of_its_images_macs(networks, rng):
    estimator, selector = networks()
    z = random_structures(32, estimator.num_blocks, estimator.num_levels, rng)
    x = torch.randn(32, 3, 32, 32, generator=rng)

    found = counted_macs(StaticEstimator(estimator), x, z, "toy")

    assert found == int(cost_table(estimator, selector).cost(z, "toy").macs.sum())


@pytest.mark.parametrize("level", range(4))
def test_parameters_are_those_that_a_level_touches(level, networks, rng):
    """Counted another way: how many numbers of a block get a gradient when the level runs."""
    estimator, selector = networks()
    table = cost_table(estimator, selector)

    for i, block in enumerate(estimator.train().blocks):
        x = torch.randn(8, block.in_channels, 16, 16, generator=rng)
        block(x, torch.full((8,), level)).square().mean().backward()
        touched = sum(int((p.grad != 0).sum()) for p in block.parameters())
        assert touched == int(table.block_params[i, level])


def test_full_parameters_are_all_there_are(networks):
    estimator, selector = networks()
    table = cost_table(estimator, selector)

    for i, block in enumerate(estimator.blocks):
        assert int(table.block_params[i, -1]) == sum(p.numel() for p in block.parameters())
    for task in ("toy", "wide"):
        ends = (estimator.stems[task], estimator.heads[task])
        assert table.task_params[task] == sum(p.numel() for module in ends for p in module.parameters())


@pytest.mark.parametrize(
    "backbone, blocks, levels, size, params, macs",
    [
        ("wrn-32-4", 15, 4, 32, 7.345e6, 1.066e9),
        ("resnet-42", 20, 4, 32, 29.79e6, 1.453e9),
        ("resnext-29-8x64", 9, 4, 32, 8 * 2.797e6, None),
        ("resnext-29-4x64", 9, 3, 32, 4 * 2.797e6, None),
        ("resnext-29-2x64", 9, 3, 32, 2 * 2.797e6, None),
        ("vgg-16", 7, 3, 32, 39.9e6, None),
        ("simple-convnet", 2, 2, 84, 0.148e6, 27.46e6),
        ("simple-convnet", 2, 2, 224, 0.85e6, None),
    ],
)
def test_backbones_have_the_papers_size(backbone, blocks, levels, size, params, macs):
    """Tables 2, 3 and 5: blocks, levels, and the parameters and MACs of the shared blocks."""
    task = TaskConfig(name="toy", source="none", size=size, content_size=size, class_names=("a", "b", "c", "d", "e"))
    config = NetworkConfig(backbone=paper_levels(backbone), tasks=(task,))
    with torch.device("meta"):
        table = cost_table(Estimator(config), Selector(config))

    assert table.block_macs.shape == (blocks, levels)
    assert int(table.block_params[:, -1].sum()) == pytest.approx(params, rel=0.005)
    assert macs is None or int(table.block_macs[:, -1].sum()) == pytest.approx(macs, rel=0.001)


def test_the_selector_of_m2_has_the_papers_size():
    recipes = {name: row for name, row in ROWS.items() if name.startswith("m2-") and name.endswith("-paper")}
    tasks = tuple(
        TaskConfig(name=f"t{i}", source="none", size=84, content_size=84, class_names=tuple("abcde")) for i in range(10)
    )
    for row in recipes.values():
        with torch.device("meta"):
            selector = Selector(NetworkConfig(backbone=paper_levels(row.backbone), tasks=tasks))
        assert sum(p.numel() for p in selector.parameters()) == pytest.approx(0.4e6, rel=0.02)
    assert len(recipes) == 3


def test_costs_rise_with_the_level(networks):
    table = cost_table(*networks())

    for counts in (table.block_macs, table.block_params, table.usage):
        assert (counts.diff(dim=1) > 0).all()


def test_usage_runs_from_zero_to_one(networks):
    usage = cost_table(*networks()).usage

    assert usage[:, 0].eq(0).all() and usage[:, -1].eq(1).all()


def test_relative_macs_of_the_full_model_sum_to_its_blocks(networks):
    table = cost_table(*networks())

    assert float(table.relative_macs[:, -1].sum()) == pytest.approx(len(table.relative_macs))


def test_totals_add_the_selector(networks, rng):
    table = cost_table(*networks())

    cost = table.cost(random_structures(5, 3, 4, rng), "wide")

    assert torch.equal(cost.total_macs - cost.macs, torch.full((5,), table.selector_macs["wide"]))
    assert torch.equal(cost.total_params - cost.params, torch.full((5,), table.selector_params["wide"]))
    assert cost.macs.dtype == cost.total_params.dtype == torch.int64
