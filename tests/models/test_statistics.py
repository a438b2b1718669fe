"""Running statistics of levels that nobody has trained."""

import torch

from den_core.config import BackboneConfig, NetworkConfig, TaskConfig
from den_core.models.elastic import ElasticNorm
from den_core.models.estimator import Estimator
from den_core.models.statistics import freeze_statistics, match_statistics


def spread_of_branches(estimator, block, level, x):
    """Mean and standard deviation of every channel behind a block's last norm, (C,) each."""
    behind = block.branch(x, level).transpose(0, 1).flatten(1)
    return behind.mean(1), behind.std(1)


@torch.no_grad()
def test_lower_levels_are_spread_as_the_full_one(rng):
    torch.manual_seed(0)
    tasks = tuple(TaskConfig(name=n, source="digits", size=s, content_size=s, class_names=("a", "b")) for n, s in
                  [("small", 64), ("large", 96)])  # fmt: skip
    fractions = (0.0, 0.5, 0.75, 1.0)
    network = NetworkConfig(backbone=BackboneConfig(name="mobile-narrow", level_fractions=fractions), tasks=tasks)
    estimator = Estimator(network)
    for norm in (m for m in estimator.modules() if isinstance(m, ElasticNorm)):
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(std=0.3)
        norm.running_mean.copy_(torch.randn(norm.running_mean.shape[1]).expand_as(norm.running_mean))
        norm.running_var.copy_(torch.rand(norm.running_var.shape[1]).add(0.1).expand_as(norm.running_var))
    estimator.eval()
    images = {"small": torch.randn(6, 3, 64, 64, generator=rng), "large": torch.randn(4, 3, 96, 96, generator=rng)}
    full = [(norm.running_mean[-1].clone(), norm.running_var[-1].clone()) for norm in norms(estimator)]
    block, x = estimator.blocks[0], estimator.stems["small"](images["small"])
    images_of_one_size = {"small": images["small"]}
    before = [
        (spread_of_branches(estimator, block, level, x)[1] / spread_of_branches(estimator, block, 3, x)[1] - 1).abs()
        for level in (1, 2)
    ]

    match_statistics(estimator, images_of_one_size, rng)

    mean, std = spread_of_branches(estimator, block, 3, x)
    for level in (1, 2):
        found_mean, found_std = spread_of_branches(estimator, block, level, x)
        torch.testing.assert_close(found_mean, mean, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(found_std, std, atol=1e-3, rtol=1e-2)
    assert max(float(b.max()) for b in before) > 0.1  # which it was not before
    assert all(
        torch.equal(norm.running_mean[-1], m) and torch.equal(norm.running_var[-1], v)
        for norm, (m, v) in zip(norms(estimator), full, strict=True)
    )
    match_statistics(estimator, images, rng)  # tasks of several sizes
    assert all(torch.isfinite(norm.running_mean).all() and (norm.running_var >= 0).all() for norm in norms(estimator))


def norms(estimator):
    return [module for module in estimator.modules() if isinstance(module, ElasticNorm)]


def test_frozen_statistics_stay_in_training(rng):
    task = TaskConfig(name="t", source="digits", size=32, content_size=32, class_names=("a", "b"))
    estimator = Estimator(NetworkConfig(backbone=BackboneConfig(name="resnet-10-narrow"), tasks=(task,))).train()
    before = {k: v.clone() for k, v in estimator.named_buffers()}
    x, z = torch.randn(4, 3, 32, 32, generator=rng), torch.randint(4, (4, estimator.num_blocks), generator=rng)

    freeze_statistics(estimator)
    together = estimator({"t": x}, {"t": z})["t"]
    together.sum().backward()
    alone = estimator({"t": x[:1]}, {"t": z[:1]})["t"]

    torch.testing.assert_close(alone, together[:1])  # no image changes another's answer
    assert all(torch.equal(v, before[k]) for k, v in estimator.named_buffers() if "num_batches" not in k)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in estimator.blocks.parameters())
