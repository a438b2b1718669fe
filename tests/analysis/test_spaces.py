"""Different spaces, and what the neighbours in them have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from den_core.analysis.spaces import compare_spaces, overlap
from den_core.errors import DataError


def test_overlap_is_the_share_of_images_that_both_lists_name():
    first = pd.DataFrame({"task": ["a", "a", "b", "b"], "row": [1, 2, 1, 2]})
    second = pd.DataFrame({"task": ["a", "b", "b"], "row": [2, 2, 3]})
    assert overlap(first, second) == 0.5
    assert overlap(first, first) == 1
    assert overlap(first, second.iloc[:0]) == 0
    assert np.isnan(overlap(first.iloc[:0], second))


def test_a_space_made_of_the_class_finds_the_class():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 50)
    by_class = np.eye(4)[labels] + 0.01 * rng.standard_normal((200, 4))
    spaces = {"features": by_class, "copy": by_class * 2, "structure": rng.integers(0, 4, (200, 6))}
    quality, common = compare_spaces(spaces, labels, rng.random(200), k=5, queries=50)
    assert quality.loc["features", "same_class"] == 1
    assert quality.loc["chance", "same_class"] == pytest.approx(0.25, abs=0.1)
    assert common.loc["features", "copy"] == pytest.approx(1, abs=0.05)
    assert common.loc["features", "structure"] < 0.2
    np.testing.assert_allclose(common, common.T)
    assert np.diag(common).tolist() == [1, 1, 1]


def test_a_space_made_of_difficulty_finds_images_that_are_as_easy():
    probability = np.random.default_rng(0).random(200)
    quality, _ = compare_spaces({"distribution": probability[:, None]}, np.zeros(200), probability, k=5)
    assert quality.loc["distribution", "gap"] < 0.05 < 0.2 < quality.loc["chance", "gap"]


def test_too_few_images_to_compare_are_a_deliberate_error():
    with pytest.raises(DataError, match="images"):
        compare_spaces({"structure": np.zeros((4, 2))}, np.zeros(4), np.zeros(4), k=4)


def test_of_very_many_images_a_sample_is_searched(monkeypatch):
    """Bounded work: the answer is that of some of the images, the same every time."""
    rng = np.random.default_rng(3)
    vectors, labels, probability = rng.random((300, 4)), rng.integers(0, 3, 300), rng.random(300)
    monkeypatch.setattr("den_core.analysis.spaces.POOL", 100)
    first = compare_spaces({"a": vectors}, labels, probability, k=4, queries=50)
    again = compare_spaces({"a": vectors}, labels, probability, k=4, queries=50)

    pd.testing.assert_frame_equal(first[0], again[0])
    monkeypatch.setattr("den_core.analysis.spaces.POOL", 300)
    assert not first[0].equals(compare_spaces({"a": vectors}, labels, probability, k=4, queries=50)[0])
