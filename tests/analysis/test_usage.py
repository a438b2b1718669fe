"""Level usage: the paper's Fig. 6b."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis.usage import FEWEST, difference_table, level_usage, usage_difference, usage_table
from den_core.errors import DataError
from den_core.evaluation.intervals import wilson

READINGS = ("probability", "frequency")


def test_probability_and_frequency_of_a_hand_computed_case(hand_gallery):
    usage = level_usage(hand_gallery)

    assert usage.images == 4
    np.testing.assert_allclose(usage.probability.to_numpy(), [[0.35, 0.65], [0.65, 0.35]], atol=1e-6)
    np.testing.assert_allclose(usage.frequency.to_numpy(), [[0.25, 0.75], [0.75, 0.25]])
    np.testing.assert_allclose(usage.spread.iloc[0, 0], np.std([0.2, 0.4, 0.1, 0.7], ddof=1), atol=1e-6)
    low, high = usage.interval("frequency")
    assert (low.iloc[0, 0], high.iloc[0, 0]) == tuple(float(limit) for limit in wilson(1, 4))


def test_every_block_sums_to_one_in_both_readings(gallery):
    usage = level_usage(gallery)
    for reading in READINGS:
        np.testing.assert_allclose(usage.reading(reading).sum(axis=1), 1, atol=1e-6)


def test_a_subset_is_what_a_gallery_of_those_images_would_give(gallery, make_gallery):
    rows = np.arange(40) % 3 == 0
    part, alone = level_usage(gallery, rows), level_usage(make_gallery(gallery.distribution[rows]))
    assert part.images == alone.images == 14
    for reading in READINGS:
        np.testing.assert_allclose(part.reading(reading), alone.reading(reading))


def test_two_halves_average_to_the_whole(gallery):
    first = np.arange(40) < 10
    parts, whole = [level_usage(gallery, rows) for rows in (first, ~first)], level_usage(gallery)
    for reading in READINGS:
        mean = sum(part.images * part.reading(reading) for part in parts) / 40
        np.testing.assert_allclose(mean, whole.reading(reading), atol=1e-6)


def test_a_level_that_nobody_chose_has_frequency_zero_not_a_missing_column(make_gallery):
    distribution = np.tile(np.array([[0.7, 0.2, 0.1]], dtype=np.float32), (5, 2, 1))
    usage = level_usage(make_gallery(distribution))
    assert usage.frequency.shape == (2, 3)
    assert usage.frequency.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0]]


def test_one_image_has_no_interval_of_its_probability_but_one_of_its_frequency(gallery):
    usage = level_usage(gallery, np.arange(40) == 7)
    assert usage.interval("probability")[0].isna().all(axis=None)
    assert usage.interval("frequency")[1].notna().all(axis=None)


def test_difference_is_antisymmetric_and_sums_to_zero(gallery, make_gallery, random_distribution):
    a, b = level_usage(gallery), level_usage(make_gallery(random_distribution(25, 3, 4, seed=1)))
    for reading in READINGS:
        forward, back = usage_difference(a, b, reading), usage_difference(b, a, reading)
        np.testing.assert_allclose(forward.to_numpy(), -back.to_numpy())
        np.testing.assert_allclose(forward.sum(axis=1), 0, atol=1e-6)


@pytest.mark.parametrize("reading", READINGS)
def test_difference_table_holds_the_difference_inside_its_interval(reading, gallery, make_gallery, random_distribution):
    a, b = level_usage(gallery), level_usage(make_gallery(random_distribution(25, 3, 4, seed=1)))
    table = difference_table(a, b, reading)
    assert len(table) == 12
    np.testing.assert_allclose(table["difference"], usage_difference(a, b, reading).to_numpy().ravel())
    np.testing.assert_allclose(table["first"] - table["second"], table["difference"])
    assert ((table["low"] <= table["difference"]) & (table["difference"] <= table["high"])).all()
    np.testing.assert_array_equal(table["clear"], (table["low"] > 0) | (table["high"] < 0))


@pytest.mark.parametrize("reading", READINGS)
def test_images_of_one_distribution_rarely_differ_clearly(reading, make_gallery, random_distribution):
    """The promise of a 95 % interval, over 12 cells of 60 pairs: about one cell in twenty is called clear."""
    clear = []
    for seed in range(60):
        a, b = (level_usage(make_gallery(random_distribution(80, 3, 4, seed=2 * seed + i))) for i in (0, 1))
        clear.append(difference_table(a, b, reading)["clear"].mean())
    assert 0.01 < np.mean(clear) < 0.08


@pytest.mark.parametrize("reading", READINGS)
def test_a_large_difference_is_clear_but_not_between_a_few_images(reading, make_gallery, random_distribution):
    low, high = np.array([0.9, 0.1], dtype=np.float32), np.array([0.1, 0.9], dtype=np.float32)
    noise = 0.01 * random_distribution(60, 2, 2)[..., :1]
    for images, expected in ((60, True), (FEWEST - 1, False)):
        a, b = (level_usage(make_gallery((row + noise * [1, -1])[:images])) for row in (low, high))
        assert (difference_table(a, b, reading)["clear"] == expected).all()


def test_usages_of_different_networks_are_refused(gallery, make_gallery, random_distribution):
    other = level_usage(make_gallery(random_distribution(5, 2, 4)))
    with pytest.raises(DataError, match="same blocks"):
        usage_difference(level_usage(gallery), other, "probability")
    with pytest.raises(DataError, match="same blocks"):
        difference_table(level_usage(gallery), other, "frequency")


def test_no_images_are_refused(gallery, make_gallery):
    with pytest.raises(DataError, match="wider slice"):
        level_usage(make_gallery(np.zeros((0, 3, 4), dtype=np.float32)))
    with pytest.raises(DataError, match="wider slice"):
        level_usage(gallery, np.zeros(40, dtype=bool))


def test_usage_table_names_every_cell_once(gallery):
    usage = level_usage(gallery)
    table = usage_table(usage)
    assert table[["block", "level"]].drop_duplicates().shape == (12, 2)
    row = table[(table["block"] == 2) & (table["level"] == 1)].iloc[0]
    assert row["probability"] == usage.probability.at[2, 1]
    assert row["frequency_low"] <= row["frequency"] <= row["frequency_high"]
