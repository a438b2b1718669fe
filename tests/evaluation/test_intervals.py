"""Intervals of shares, of their differences, and of means."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.evaluation.intervals import Z, mean_half_width, share_difference, wilson


def test_wilson_of_a_published_case():
    """81 of 263: Newcombe (1998), Table I, method 3."""
    low, high = wilson(81, 263)
    assert (float(low), float(high)) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))


def test_wilson_holds_the_share_and_stays_between_0_and_1():
    images = np.repeat([1, 2, 10, 1000], 3)
    hits = np.array([0, 1, 1, 0, 1, 2, 0, 3, 10, 0, 999, 1000])
    low, high = wilson(hits, images)
    assert ((low >= 0) & (low <= hits / images) & (hits / images <= high) & (high <= 1)).all()
    assert (high - low > 0).all(), "0 of n and n of n are no certainties"
    np.testing.assert_array_equal(low[hits == 0], 0)
    np.testing.assert_array_equal(high[hits == images], 1)


def test_more_images_make_a_shorter_interval():
    low, high = wilson(np.array([5, 50, 500]), np.array([10, 100, 1000]))
    assert (np.diff(high - low) < 0).all()


def test_no_image_says_nothing():
    assert tuple(float(limit) for limit in wilson(0, 0)) == (0, 1)


def test_difference_of_a_published_case():
    """56 of 70 against 48 of 80: Newcombe (1998), Table II, method 10."""
    low, high = share_difference(np.array(56 / 70), 70, np.array(48 / 80), 80)
    assert (float(low), float(high)) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_difference_turns_around_with_its_sides():
    a, b = np.array([0.1, 0.5, 1.0]), np.array([0.3, 0.5, 0.0])
    low, high = share_difference(a, 40, b, 90)
    back_low, back_high = share_difference(b, 90, a, 40)
    np.testing.assert_allclose(low, -back_high)
    np.testing.assert_allclose(high, -back_low)
    assert ((low <= a - b) & (a - b <= high)).all()


def test_mean_of_one_value_has_no_interval():
    assert np.isnan(mean_half_width(np.array(0.0), 1))
    assert float(mean_half_width(np.array(2.0), 4)) == pytest.approx(Z)
