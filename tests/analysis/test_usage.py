"""Level usage: the paper's Fig. 6b."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis import level_usage, usage_difference
from den_core.errors import DataError, StructureError


def test_probability_and_frequency_of_a_hand_computed_case(hand_gallery):
    usage = level_usage(hand_gallery)

    assert usage.images == 4
    np.testing.assert_allclose(usage.probability.to_numpy(), [[0.35, 0.65], [0.65, 0.35]], atol=1e-6)
    np.testing.assert_allclose(usage.frequency.to_numpy(), [[0.25, 0.75], [0.75, 0.25]])
    assert usage.half_width.iloc[0, 0] == pytest.approx(1.96 * np.sqrt(0.25 * 0.75 / 4))


def test_every_block_sums_to_one_in_both_readings(gallery):
    usage = level_usage(gallery)
    for reading in ("probability", "frequency"):
        np.testing.assert_allclose(usage.reading(reading).sum(axis=1), 1, atol=1e-6)


def test_a_level_that_nobody_chose_has_frequency_zero_not_a_missing_column(make_gallery):
    distribution = np.tile(np.array([[0.7, 0.2, 0.1]], dtype=np.float32), (5, 2, 1))
    usage = level_usage(make_gallery(distribution))
    assert usage.frequency.shape == (2, 3)
    assert usage.frequency.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0]]


def test_difference_is_antisymmetric_and_sums_to_zero(gallery, make_gallery, random_distribution):
    a, b = level_usage(gallery), level_usage(make_gallery(random_distribution(25, 3, 4, seed=1)))
    for reading in ("probability", "frequency"):
        forward, back = usage_difference(a, b, reading), usage_difference(b, a, reading)
        np.testing.assert_allclose(forward.to_numpy(), -back.to_numpy())
        np.testing.assert_allclose(forward.sum(axis=1), 0, atol=1e-6)


def test_usages_of_different_networks_are_refused(gallery, make_gallery, random_distribution):
    other = level_usage(make_gallery(random_distribution(5, 2, 4)))
    with pytest.raises(DataError, match="same blocks"):
        usage_difference(level_usage(gallery), other, "probability")


def test_an_empty_gallery_is_refused(make_gallery):
    with pytest.raises(DataError, match="den_core index"):
        level_usage(make_gallery(np.zeros((0, 3, 4), dtype=np.float32)))


def test_a_structure_of_the_wrong_length_is_refused(gallery):
    gallery.loc[0, "structure"] = "01"
    with pytest.raises(StructureError, match="3 digits"):
        level_usage(gallery)
