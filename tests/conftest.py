"""Fixtures for all tests: seeded randomness, tiny networks, and one small checkpoint that was really trained."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from published_copies import write_published_copies

from den_core.checkpoints.metrics import write_metrics
from den_core.config import BackboneConfig, NetworkConfig, Recipe, SelectorConfig, TaskConfig
from den_core.evaluation.evaluator import Evaluator
from den_core.evaluation.indexing import write_gallery
from den_core.evaluation.sets import test_sets, validation_sets
from den_core.inference.network import load
from den_core.models.elastic import ElasticNorm
from den_core.models.estimator import Estimator
from den_core.models.plain import PlainBackbone
from den_core.models.registry import find_backbone
from den_core.models.selector import Selector
from den_core.models.static import ExtractedNetwork, StaticEstimator
from den_core.models.stems import ChainStem
from den_core.recipes import recipe_with
from den_core.structures import random_structures
from den_core.training.run import train
from den_core.training.setup import Execution

pytest_plugins = ("fixtures.networks", "fixtures.training", "fixtures.galleries", "fixtures.measured")

CHECKPOINT_IMAGES = 300

LONGEST = (
    "test_journeys", "test_digits", "test_processes", "test_missing_pictures", "test_test_sets", "test_one_image",
    "test_upload", "test_shared_measurement", "test_resume", "test_exports", "test_pages", "test_cli", "test_twins",
)  # fmt: skip
"Files whose tests take longest; they come first, or else one process would end with them while the others are done."


def pytest_configure(config: pytest.Config) -> None:
    """Files keep their order; xdist's own would begin with those of many, short tests."""
    if config.pluginmanager.hasplugin("xdist"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several processes share the tests by files, as what a file's tests need is made once."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Sums come out the same on machines with different numbers of cores."""
    torch.set_num_threads(1)


@pytest.fixture
def rng() -> torch.Generator:
    """All randomness of a test that is not hypothesis's."""
    return torch.Generator().manual_seed(0)


def _toy_task(name: str = "toy", size: int = 32, classes: int = 5) -> TaskConfig:
    return TaskConfig(
        name=name,
        source="folder:nowhere",
        size=size,
        content_size=size,
        class_names=tuple(f"class {i}" for i in range(classes)),
    )


@pytest.fixture
def toy_network() -> Callable[..., NetworkConfig]:
    """Configurations of tiny networks with two tasks, "toy" of 32 and "wide" of 64 pixels (32 where it has no stem)."""

    def toy_network(
        backbone: str = "wrn-8-1", statistics: str = "per_level", **selector: bool | float
    ) -> NetworkConfig:
        family = find_backbone(backbone)
        wide = 32 if isinstance(family, PlainBackbone) else 64
        return NetworkConfig(
            backbone=BackboneConfig(name=backbone, level_fractions=family.level_fractions, norm_statistics=statistics),
            tasks=(_toy_task(), _toy_task("wide", wide, 3)),
            selector=SelectorConfig(**selector),
        )

    return toy_network


def _unlike_a_start(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Give norms affine weights and statistics as different as training leaves them: a start hides mistakes."""
    for norm in module.modules():
        if isinstance(norm, (ElasticNorm, torch.nn.BatchNorm2d)):
            with torch.no_grad():
                for tensor in (norm.weight, norm.running_var):
                    tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
                for tensor in (norm.bias, norm.running_mean):
                    tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))


@pytest.fixture
def make_estimator(toy_network, rng) -> Callable[..., Estimator]:
    """Tiny estimators whose norms look trained; float32 and in evaluation mode."""

    def make_estimator(backbone: str = "wrn-8-1", statistics: str = "per_level") -> Estimator:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            estimator = Estimator(toy_network(backbone, statistics))
        _unlike_a_start(estimator, rng)
        return estimator.eval()

    return make_estimator


@pytest.fixture
def toy_images(rng) -> Callable[..., dict[str, torch.Tensor]]:
    """Random images of both toy tasks, in the sizes that a network takes."""

    def toy_images(network: Estimator | Selector, images: int, dtype: torch.dtype = torch.float32):
        side = {
            task: stem.size if isinstance(stem, ChainStem) else stem.side * getattr(stem, "stride", (1,))[0]
            for task, stem in network.stems.items()
        }
        return {task: torch.randn(images, 3, s, s, generator=rng, dtype=dtype) for task, s in side.items()}

    return toy_images


@pytest.fixture
def runs_alike(toy_images, rng) -> Callable[[Estimator], None]:
    """Checks that masked, dispatched, static and extracted execution of an estimator answer alike."""

    @torch.no_grad()
    def runs_alike(estimator: Estimator) -> None:
        estimator = estimator.double()
        z = random_structures(5, estimator.num_blocks, estimator.num_levels, rng)
        for task, x in toy_images(estimator, 5, torch.float64).items():
            masked = estimator.classify(x, z, task)

            torch.testing.assert_close(estimator.classify(x, z, task, "dispatched"), masked)
            torch.testing.assert_close(StaticEstimator(estimator)(x, z, task), masked.float(), atol=1e-5, rtol=1e-5)
            alone = ExtractedNetwork(estimator, z[0], task)(x[:1])
            torch.testing.assert_close(alone, masked[:1], check_dtype=False, atol=1e-5, rtol=1e-5)

    return runs_alike


@pytest.fixture
def trained_norms() -> Callable[[torch.nn.Module, torch.Generator], None]:
    """Gives the norms of a network weights and statistics as different as training leaves them."""
    return _unlike_a_start


@pytest.fixture(scope="session")
def _published_copies(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write_published_copies(folder)
    return folder


@pytest.fixture
def published_data(_published_copies, monkeypatch) -> Path:
    """A few images of every class of every published set, where the sources look for them."""
    monkeypatch.setenv("DEN_DATA", str(_published_copies))
    return _published_copies


def _tiny_recipe() -> Recipe:
    base = recipe_with("open3-fast", backbone="wrn-8-1")
    training = dataclasses.replace(
        base.training,
        rounds=1,
        estimator=dataclasses.replace(base.training.estimator, first_steps=6, last_steps=0),
        selector=dataclasses.replace(base.training.selector, steps=4, label_steps=0),
        batch_size=16,
        report_every=5,
        save_every=100,
    )
    return dataclasses.replace(base, name="tiny", training=training)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder of that name, unless another process of this run of the tests has made it, and returns it."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    root = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent

    def made_once(name: str, make: Callable[[Path], None]) -> Path:
        folder = root / name
        with open(root / f"{name}.lock", "w") as lock, tempfile.TemporaryDirectory(dir=root) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                make(Path(work) / name)
                (Path(work) / name).rename(folder)  # as a whole: what failed is made again
        return folder

    return made_once


def _make_tiny_checkpoint(folder: Path) -> None:
    train(_tiny_recipe(), Execution(folder, accelerator="cpu", progress=False), limit=CHECKPOINT_IMAGES)
    net = load(folder)
    validation = validation_sets(net, limit=60, progress=False)
    data = test_sets(net, limit=60, progress=False)
    write_metrics(folder, Evaluator(net, data, validation, report=lambda line: None).run("test"))
    for task in net.tasks:
        write_gallery(net, folder, task, limit=120)


@pytest.fixture(scope="session")
def tiny_checkpoint(made_once) -> Path:
    """A checkpoint folder of open3 on the smallest backbone, trained for ten steps, with metrics and galleries.

    Nothing in it is good; everything in it is real. Tests that change it work on a copy.
    """
    return made_once("checkpoints", lambda folder: _make_tiny_checkpoint(folder / "open3-tiny")) / "open3-tiny"
