"""What a level is: a prefix of the hidden channels, nested, and nothing at all at level 0."""

import pytest
import torch
from torch import nn

from den_core.errors import ConfigError
from den_core.models.elastic import ElasticNorm, level_mask
from den_core.models.registry import find_backbone, list_backbones
from den_core.models.static import StaticEstimator
from den_core.structures import uniform_structure

TINY = list_backbones(scale="tiny")
EVERY_LEVEL = [(name, level) for name in TINY for level in range(len(find_backbone(name).level_fractions))]
SKIPPING = [name for name in TINY if find_backbone(name).level_fractions[0] == 0]


def spoil_beyond_prefix(block, level: int, value: float) -> None:
    """Overwrite every weight and statistic of a block that its level must not use."""
    with torch.no_grad():
        for i in range(len(block.layers)):
            before, after = block.ends(i, level)
            block.conv(i).weight[after:] = value
            if not block.layers[i].group:
                block.conv(i).weight[:, before:] = value
            norm = block.norm(i)
            if norm is None:
                continue
            norm.weight[before:] = norm.bias[before:] = value
            norm.running_mean[level, before:] = norm.running_var[level, before:] = value
            others = [row for row in range(block.num_levels) if row != level]
            norm.running_mean[others] = norm.running_var[others] = value


def block_inputs(estimator, rng, batch: int = 3):
    """Every block with a map of the size that it meets in its network."""
    side = estimator.map_side
    for block in estimator.blocks:
        yield block, torch.randn(batch, block.in_channels, side, side, generator=rng)
        side = block.side(side)


@pytest.mark.parametrize("backbone, level", EVERY_LEVEL)
def test_a_level_never_reads_beyond_its_prefix(backbone, level, make_estimator, rng):
    """Not-a-number in every other weight would show at once."""
    for block, x in block_inputs(make_estimator(backbone), rng):
        before = block.forward_runs(x, [(level, len(x))])

        spoil_beyond_prefix(block, level, float("nan"))

        assert torch.equal(block.forward_runs(x, [(level, len(x))]), before)


@pytest.mark.parametrize("backbone, level", EVERY_LEVEL)
def test_the_masked_form_ignores_what_is_beyond_the_prefix(backbone, level, make_estimator, rng):
    for block, x in block_inputs(make_estimator(backbone), rng):
        levels = torch.full((3,), level)
        before = block(x, levels)

        spoil_beyond_prefix(block, level, 7.0)

        torch.testing.assert_close(block(x, levels), before)


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("backbone", SKIPPING)
def test_level_zero_is_exactly_the_shortcut(backbone, training, statistics, make_estimator, rng):
    for block, x in block_inputs(make_estimator(backbone, statistics).train(training), rng):
        if block.hidden[0]:
            continue  # it has no shortcut, and its lowest level has channels
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


def test_a_single_value_per_channel_is_normalised_as_in_a_mixed_batch(rng):
    """As the only image of its level is, where maps are one pixel large."""
    mixed, sliced = ElasticNorm(4, 3, "per_level"), ElasticNorm(4, 3, "per_level")
    for norm in (mixed, sliced):
        nn.init.uniform_(norm.bias, generator=torch.Generator().manual_seed(1))
    x = torch.randn(1, 4, 1, 1, generator=rng)

    torch.testing.assert_close(sliced(x, 2), mixed.forward_mixed(x, torch.tensor([2])))

    torch.testing.assert_close(sliced.running_mean, mixed.running_mean)
    torch.testing.assert_close(sliced.running_var, mixed.running_var)
    assert sliced.running_mean[2].ne(0).all()


def test_statistics_of_mixed_levels_are_not_rounded_to_the_precision_of_training(rng):
    norm = ElasticNorm(4, 3, "per_level", momentum=1.0).train()
    x = 100 + torch.rand(12, 4, 3, 3, generator=rng)
    levels = torch.arange(12) % 3
    with torch.autocast("cpu", torch.bfloat16):
        norm.forward_mixed(x, levels)
    expected = torch.stack([x[levels == level].mean((0, 2, 3)) for level in range(3)])
    torch.testing.assert_close(norm.running_mean, expected, rtol=1e-5, atol=0)


def test_levels_are_normalised_by_their_own_images(rng):
    """Changing the images of one level leaves the images of the other as they were."""
    norm = ElasticNorm(4, 2, "per_level")
    x, levels = torch.randn(6, 4, 5, 5, generator=rng), torch.tensor([0, 1, 0, 1, 1, 0])
    before = norm.forward_mixed(x, levels)

    after = norm.forward_mixed(torch.where(levels[:, None, None, None] == 1, 9 * x + 3, x), levels)

    torch.testing.assert_close(after[levels == 0], before[levels == 0])


@pytest.mark.parametrize("statistics", ["per_level", "shared"])
def test_one_image_alone_at_a_level_can_be_trained_beside_others(statistics, rng):
    """Its statistics change what autograd has kept of the other images' level."""
    norm = ElasticNorm(4, 3, statistics)
    x = torch.randn(4, 4, 1, 1, generator=rng, requires_grad=True)

    (norm(x[:3], 1).square().sum() + norm(x[3:], 2).square().sum()).backward()

    row = 0 if statistics == "shared" else 2
    assert torch.isfinite(x.grad).all() and (x.grad[:3] != 0).any()
    assert not torch.equal(norm.running_mean[row], torch.zeros(4))


def test_private_statistics_have_a_row_per_level_and_shared_ones_have_one():
    assert ElasticNorm(4, 3, "per_level").running_mean.shape == (3, 4)
    assert ElasticNorm(4, 3, "shared").running_mean.shape == (1, 4)


def test_other_norm_statistics_are_refused():
    with pytest.raises(ConfigError, match="expected one of 2 norm statistics, found 'none'"):
        ElasticNorm(4, 3, "none")
