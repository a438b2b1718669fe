"""Paired bootstrap intervals of a mean difference."""

from __future__ import annotations

import time

import numpy as np
import pytest

from den_core.evaluation.intervals import bootstrap_means, paired_intervals


def test_resamples_are_distributed_as_those_of_drawn_images():
    """Against the plain way: draw image numbers, take the mean. 20,000 resamples of each, same quantiles."""
    rng = np.random.default_rng(0)
    differences = rng.choice([-1.0, -1 / 3, 0.0, 2 / 3, 1.0], p=[0.1, 0.2, 0.4, 0.2, 0.1], size=80)
    plain = differences[rng.integers(80, size=(20_000, 80))].mean(1)

    found = bootstrap_means(differences, 20_000, seed=1)

    assert found.shape == (20_000,)
    quantiles = [0.025, 0.25, 0.5, 0.75, 0.975]
    np.testing.assert_allclose(np.quantile(found, quantiles), np.quantile(plain, quantiles), atol=0.006)
    assert found.std() == pytest.approx(plain.std(), rel=0.03)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """400 samples of 300 images from a known distribution: 95 % of the intervals hold its mean."""
    rng = np.random.default_rng(2)
    samples = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=(400, 300))

    limits = np.array([paired_intervals({"a": sample}, seed=0)["a"] for sample in samples])

    covered = ((limits[:, 0] <= 0.1) & (0.1 <= limits[:, 1])).mean()
    assert 0.91 <= covered <= 0.985
    assert np.diff(limits, axis=1).mean() == pytest.approx(2 * 1.96 * np.sqrt((0.3 - 0.01) / 300), rel=0.1)


def test_no_difference_anywhere_is_certain():
    assert paired_intervals({"a": np.zeros(50), "b": np.zeros(7)}, seed=0) == {
        "a": (0.0, 0.0), "b": (0.0, 0.0), "average": (0.0, 0.0)
    }  # fmt: skip


def test_the_average_counts_tasks_equally_and_resamples_each_on_its_own():
    """Two independent tasks with the same spread: their mean varies by 1/√2 of it, however many images each has."""
    half = np.tile([-1.0, 1.0], 200)

    found = paired_intervals({"a": half, "b": half + 2.0}, seed=0, resamples=20_000)

    width = {name: high - low for name, (low, high) in found.items()}
    assert width["average"] == pytest.approx(width["a"] / np.sqrt(2), rel=0.05)
    assert np.mean(found["average"]) == pytest.approx(1.0, abs=0.02)


def test_the_seed_decides():
    differences = {"a": np.tile([-1.0, 0.0, 1.0], 30)}

    assert paired_intervals(differences, 3) == paired_intervals(differences, 3)
    assert (bootstrap_means(differences["a"], 50, 3) != bootstrap_means(differences["a"], 50, 4)).any()


def test_ten_thousand_images_take_no_time():
    differences = np.random.default_rng(0).choice([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1], size=10_000)

    began = time.process_time()
    bootstrap_means(differences, 2000, 0)

    assert time.process_time() - began < 0.5
