"""What a level is: a prefix of the hidden channels, nested, and nothing at all at level 0."""

import pytest
import torch
from torch import nn

from den_core.models.elastic import ElasticNorm, level_mask
from den_core.models.registry import list_backbones
from den_core.models.static import StaticEstimator
from den_core.structures import uniform_structure

TINY = list_backbones(scale="tiny")


def spoil_beyond_prefix(block, level: int, value: float) -> None:
    """Overwrite every weight and statistic of a block that its level must not use."""
    G = block.hidden[level]
    with torch.no_grad():
        block.conv1.weight[G:] = value
        block.conv2.weight[:, G:] = value
        for norm in (block.norm1, block.norm2):
            if norm is block.norm2:
                norm.weight[G:] = norm.bias[G:] = value
                norm.running_mean[level, G:] = norm.running_var[level, G:] = value
            if not norm.shared:
                others = [row for row in range(block.num_levels) if row != level]
                norm.running_mean[others] = norm.running_var[others] = value


def block_inputs(block, rng, batch: int = 3) -> torch.Tensor:
    return torch.randn(batch, block.in_channels, 8, 8, generator=rng)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("backbone", TINY)
def test_a_level_never_reads_beyond_its_prefix(backbone, level, make_estimator, rng):
    """Not-a-number in every other weight would show at once."""
    for block in make_estimator(backbone).blocks:
        x = block_inputs(block, rng)
        counts = [len(x) if at == level else 0 for at in range(block.num_levels)]
        before = block.forward_sorted(x, counts)

        spoil_beyond_prefix(block, level, float("nan"))

        assert torch.equal(block.forward_sorted(x, counts), before)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("backbone", TINY)
def test_the_masked_form_ignores_what_is_beyond_the_prefix(backbone, level, make_estimator, rng):
    for block in make_estimator(backbone).blocks:
        x, levels = block_inputs(block, rng), torch.full((3,), level)
        before = block(x, levels)

        spoil_beyond_prefix(block, level, 7.0)

        torch.testing.assert_close(block(x, levels), before)


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
@pytest.mark.parametrize("training", [False, True])
def test_level_zero_is_exactly_the_shortcut(training, statistics, make_estimator, rng):
    for block in make_estimator(statistics=statistics).train(training).blocks:
        x = block_inputs(block, rng)

        y = block(x, torch.tensor([0, 3, 0]))

        assert torch.equal(y[[0, 2]], block.shortcut(x)[[0, 2]])
        assert not torch.allclose(y[1], block.shortcut(x)[1])


def test_the_empty_structure_is_stem_and_head_alone(make_estimator, rng):
    estimator = make_estimator()
    x = torch.randn(2, 3, 64, 64, generator=rng)
    z = uniform_structure(2, estimator.num_blocks, 0)

    found = StaticEstimator(estimator)(x, z, "wide")

    maps = estimator.stems["wide"](x)
    for block in estimator.blocks:
        maps = block.shortcut(maps)
    torch.testing.assert_close(found, estimator.heads["wide"](maps))


def test_level_mask_by_hand():
    mask = level_mask(torch.tensor([0, 2, 1]), (0, 1, 3))

    assert mask[:, :, 0, 0].tolist() == [[False, False, False], [True, True, True], [True, False, False]]


def test_norm_matches_torch_when_all_images_share_a_level(rng):
    """Five training steps and an evaluation against `BatchNorm2d`, at one level of three."""
    ours, theirs = ElasticNorm(6, 3, "per_level"), nn.BatchNorm2d(6)
    for _ in range(5):
        x = torch.randn(4, 6, 3, 3, generator=rng) * 2 + 1
        torch.testing.assert_close(ours.forward_mixed(x, torch.full((4,), 1)), theirs(x))
    torch.testing.assert_close(ours.running_mean[1], theirs.running_mean)
    torch.testing.assert_close(ours.running_var[1], theirs.running_var)
    assert ours.running_mean[[0, 2]].eq(0).all() and ours.running_var[[0, 2]].eq(1).all()

    torch.testing.assert_close(ours.eval().forward_mixed(x, torch.full((4,), 1)), theirs.eval()(x))


def test_levels_are_normalised_by_their_own_images(rng):
    """Changing the images of one level leaves the images of the other as they were."""
    norm = ElasticNorm(4, 2, "per_level")
    x, levels = torch.randn(6, 4, 5, 5, generator=rng), torch.tensor([0, 1, 0, 1, 1, 0])
    before = norm.forward_mixed(x, levels)

    after = norm.forward_mixed(torch.where(levels[:, None, None, None] == 1, 9 * x + 3, x), levels)

    torch.testing.assert_close(after[levels == 0], before[levels == 0])


def test_private_statistics_have_a_row_per_level_and_shared_ones_have_one():
    assert ElasticNorm(4, 3, "per_level").running_mean.shape == (3, 4)
    assert ElasticNorm(4, 3, "shared").running_mean.shape == (1, 4)
