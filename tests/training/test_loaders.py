"""Which images come when, and how they are augmented."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.data.arrays import TaskArrays
from den_core.data.loaders import TaskLoader, epoch_order
from den_core.data.transforms import (
    normalise,
    normalised_background,
    pad_images,
    random_affine,
    random_crops,
    random_erase,
)
from den_core.errors import ConfigError
from den_core.recipes import recipe

LABELS = [0] * 20 + [1] * 7 + [2] * 3


@pytest.fixture
def make_loader():
    """Loaders of 30 images of uneven classes; every pixel of image i has the value i."""

    def make_loader(seed: int = 0, rank: int = 0, processes: int = 1, **changes) -> TaskLoader:
        base = recipe("digits-fast")
        images = np.broadcast_to(np.arange(30, dtype=np.uint8)[:, None, None, None], (30, 32, 32, 3)).copy()
        arrays = TaskArrays(images=images, labels=np.array(LABELS), ids=[""] * 30, groups=np.arange(30), fingerprint="")
        config = dataclasses.replace(base.training, **{"batch_size": 8, "class_balanced": False} | changes)
        return TaskLoader(arrays, base.network.tasks[0], config, seed, rank, torch.device("cpu"), processes)

    return make_loader


def test_an_epoch_shows_every_image_once(make_loader):
    loader = make_loader()
    shown = torch.cat([loader.indices(step) for step in range(15)])

    for epoch in range(4):
        part = shown[30 * epoch : 30 * (epoch + 1)]
        assert sorted(part.tolist()) == list(range(30))
    assert not torch.equal(shown[:30], shown[30:60])


@settings(max_examples=50, deadline=None)
@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=6), seed=st.integers(0, 999))
def test_a_balanced_epoch_is_even_over_classes_and_within_them(counts, seed):
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])

    order = epoch_order(labels, True, torch.Generator().manual_seed(seed))

    share = -(-len(labels) // len(counts))
    assert torch.bincount(labels[order]).tolist() == [share] * len(counts)
    shown = torch.bincount(order, minlength=len(labels))
    for label in range(len(counts)):
        of_class = shown[labels == label]
        assert of_class.max() - of_class.min() <= 1


@pytest.mark.parametrize("balanced", [False, True])
def test_batches_are_a_function_of_the_step(balanced, make_loader):
    """Whatever was asked before, which is what lets a killed run go on."""
    loader = make_loader(class_balanced=balanced)
    forward = [(loader.indices(step), *loader.batch(step)) for step in range(9)]

    for step in (8, 2, 5):
        again = make_loader(class_balanced=balanced)
        assert torch.equal(again.indices(step), forward[step][0])
        for a, b in zip(again.batch(step), forward[step][1:], strict=True):
            assert torch.equal(a, b)


def test_seeds_and_processes_see_other_images(make_loader):
    first = make_loader().indices(0)

    assert not torch.equal(make_loader(seed=1).indices(0), first)


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_a_steps_images(make_loader, processes):
    whole = make_loader().indices(5)

    parts = [make_loader(rank=rank, processes=processes).indices(5) for rank in range(processes)]

    assert sorted(torch.cat(parts).tolist()) == sorted(whole.tolist())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_more_processes_than_images_are_refused(make_loader):
    with pytest.raises(ConfigError, match="at least one image for each of 9 processes, found 8"):
        make_loader(processes=9)


def test_images_come_with_their_labels(make_loader):
    loader = make_loader(crop_padding=0.0, rotation=0.0, zoom=0.0)
    images, labels = loader.batch(3)

    index = loader.indices(3)
    expected = normalise(index.to(torch.uint8)[:, None, None, None].expand(-1, 32, 32, 3), loader.task)
    assert torch.equal(labels, torch.tensor(LABELS)[index])
    torch.testing.assert_close(images, expected)


# ------------------------------------------------------------------ transforms


@pytest.fixture
def coordinates():
    """One 8×8 image whose channels are row and column, bordered by 2 pixels of grey 200."""
    rows = torch.arange(8, dtype=torch.uint8)
    image = torch.stack([rows[:, None].expand(8, 8), rows[None, :].expand(8, 8), torch.zeros(8, 8).byte()], dim=2)
    return pad_images(image[None], 2, 200)


def test_padding_is_the_tasks_background(coordinates):
    assert coordinates.shape == (1, 12, 12, 3)
    assert coordinates[0, :2].eq(200).all() and coordinates[0, :, 10:].eq(200).all()
    assert torch.equal(coordinates[0, 2:10, 2:10, 0], torch.arange(8).byte()[:, None].expand(8, 8))


def test_crops_reach_every_offset_and_mirror_half_of_the_images(coordinates, rng):
    crops = random_crops(coordinates, torch.zeros(2000, dtype=torch.int64), 8, True, rng)

    windows = {}
    for top in range(5):
        for left in range(5):
            window = coordinates[0, top : top + 8, left : left + 8]
            windows[(top, left, False)], windows[(top, left, True)] = window, window.flip(1)
    found = [sum(bool(torch.equal(crop, window)) for crop in crops) for window in windows.values()]
    assert sum(found) == 2000
    assert min(found) > 15 and max(found) < 75  # 40 are expected of each


def test_crops_without_flip_never_mirror(coordinates, rng):
    crops = random_crops(coordinates, torch.zeros(50, dtype=torch.int64), 8, False, rng)

    columns = crops[:, 3, :, 1].long()
    inside = (columns[:, 1:] < 200) & (columns[:, :-1] < 200)
    assert (columns.diff(dim=1)[inside] == 1).all()


def test_erasing_paints_one_square_of_background(rng):
    images = random_erase(torch.zeros(400, 32, 32, 3, dtype=torch.uint8), 0.25, 255, rng)

    painted = images[..., 0] == 255
    assert torch.equal(images, painted[..., None].expand(-1, -1, -1, 3) * torch.tensor(255, dtype=torch.uint8))
    rows, columns = painted.any(2), painted.any(1)
    assert torch.equal(painted, rows[:, :, None] & columns[:, None, :])
    assert painted.any(0).all(), "every place can be painted over"
    assert rows.sum(1).max() in (8, 9) and rows.sum(1).min() < 8, "squares at the border are cut off"


def test_affine_without_turn_or_zoom_changes_nothing(rng):
    images = torch.randn(4, 3, 16, 16, generator=rng)

    torch.testing.assert_close(random_affine(images, 0.0, 0.0, torch.zeros(3), rng), images, atol=1e-5, rtol=0)


def test_affine_turns_within_its_angle_and_shows_background(rng):
    """A bar from the centre to the right ends above and below its place, by no more than the angle allows."""
    background = torch.tensor([3.0, 4.0, 5.0])
    images = background[:, None, None].expand(200, 3, 64, 64).clone()
    images[:, :, 30:34, 32:60] = -9.0

    turned = random_affine(images, 20.0, 0.0, background, rng)

    rows = (turned[:, 0, :, 55] < 0).double()
    middle = (rows * torch.arange(64)).sum(1) / rows.sum(1) - 31.5
    reach = 23.5 * math.tan(math.radians(20))
    assert -reach - 1 < middle.min() < -0.7 * reach and 0.7 * reach < middle.max() < reach + 1
    torch.testing.assert_close(turned[:, :, 0, 0], background.expand(200, 3))


def test_affine_zooms_within_its_share(rng):
    images = torch.zeros(300, 3, 64, 64)
    images[:, :, 22:42, 22:42] = 1.0

    side = (random_affine(images, 0.0, 0.25, torch.zeros(3), rng)[:, 0, 32] > 0.5).sum(1)

    assert 15 <= side.min() <= 17 and 24 <= side.max() <= 26


def test_background_is_normalised_like_an_image(make_loader):
    task = dataclasses.replace(make_loader().task, mean=(0.5, 0.0, 0.25), std=(0.25, 0.5, 1.0), background=51)

    pixel = normalise(torch.full((1, 1, 1, 3), 51, dtype=torch.uint8), task).flatten()

    torch.testing.assert_close(normalised_background(task), pixel)


def test_normalising_by_hand(make_loader):
    task = dataclasses.replace(make_loader().task, mean=(0.5, 0.0, 0.25), std=(0.25, 0.5, 1.0))
    images = torch.tensor([255, 51, 0], dtype=torch.uint8).expand(2, 4, 4, 3)

    found = normalise(images, task)

    torch.testing.assert_close(found[0, :, 0, 0], torch.tensor([2.0, 0.4, -0.25]))
    assert found.shape == (2, 3, 4, 4) and found.is_contiguous(memory_format=torch.channels_last)
