"""An image that changes a little."""

from __future__ import annotations

import numpy as np
import pytest

import den_core
from den_core.analysis.inspection import inspect_image
from den_core.analysis.stability import Variant, compare_variants, stability, variants
from den_core.data.images import decode_image, fit_image
from den_core.errors import ImageError


@pytest.fixture(scope="module")
def net(tiny_checkpoint):
    return den_core.load(tiny_checkpoint)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(5).integers(0, 255, (70, 50, 3), dtype=np.uint8)


def test_an_image_that_does_not_change_keeps_everything(net, image):
    for task in net.tasks:
        pixels = fit_image(decode_image(image), net.task(task))
        found = compare_variants(net, pixels, task, (Variant("the same", "none", pixels),) * 2)
        own = inspect_image(net, image, task)
        assert found.structure == own.structure
        assert found.class_name == own.predictions["class_name"][0]
        assert found.frame["kept"].tolist() == [1, 1]
        assert found.frame["distance"].max() < 1e-5
        assert found.frame["same_answer"].all()
        assert found.blocks["kept"].tolist() == [1] * net.num_blocks
        assert set(found.frame["structure"]) == {own.structure}


def test_shares_of_blocks_and_of_variants_agree(net, image):
    found = stability(net, image, net.tasks[1])
    assert found.levels.shape == (len(found.variants), net.num_blocks)
    assert found.blocks["kept"].mean() == pytest.approx(found.frame["kept"].mean())
    for row, levels in zip(found.frame.itertuples(), found.levels, strict=True):
        assert row.structure == "".join(map(str, levels))
        assert row.kept == np.mean([a == b for a, b in zip(row.structure, found.structure, strict=True)])
    assert found.frame["distance"].between(0, np.sqrt(2 * net.num_blocks)).all()


@pytest.mark.parametrize("side", [1, 2, 7, 32, 96])
def test_variants_are_seeded_and_keep_the_size(side):
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    first, again = variants(pixels, seed=1), variants(pixels, seed=1)
    assert len({variant.name for variant in first}) == len(first)
    for a, b in zip(first, again, strict=True):
        assert a.pixels.shape == pixels.shape and a.pixels.dtype == np.uint8
        np.testing.assert_array_equal(a.pixels, b.pixels)


def test_every_kind_of_change_is_what_its_name_says():
    pixels = np.random.default_rng(0).integers(10, 190, (32, 32, 3), dtype=np.uint8)
    kinds: dict[str, list[Variant]] = {}
    for variant in variants(pixels):
        kinds.setdefault(variant.kind, []).append(variant)
    np.testing.assert_array_equal(kinds["flip"][0].pixels[:, ::-1], pixels)
    assert kinds["light"][0].pixels.mean() > pixels.mean() > kinds["light"][1].pixels.mean()
    assert all(variant.pixels.std() < pixels.std() for variant in kinds["blur"])
    for variant in kinds["cover"]:
        changed = (variant.pixels != pixels).any(axis=2)
        assert 0.9 * 10 * 10 <= changed.sum() <= 10 * 10
        assert (variant.pixels[changed] == 128).all()


def test_another_seed_moves_the_patches():
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    moved = [(a.pixels != b.pixels).any() for a, b in zip(variants(pixels, 0), variants(pixels, 1), strict=True)]
    kinds = [variant.kind for variant in variants(pixels)]
    assert any(m for m, kind in zip(moved, kinds, strict=True) if kind == "cover")
    assert not any(m for m, kind in zip(moved, kinds, strict=True) if kind in ("flip", "blur", "light"))


def test_no_image_is_a_deliberate_error(net):
    with pytest.raises(ImageError):
        stability(net, b"no image", net.tasks[0])
