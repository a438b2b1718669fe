"""Nearest images in model-distribution space: the paper's Fig. 3."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from den_core.analysis import nearest, nearest_per_task
from den_core.errors import DataError


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    images=st.integers(1, 60), blocks=st.integers(1, 5), levels=st.integers(2, 4), seed=st.integers(0, 10_000)
)
def test_agrees_with_a_full_sort_in_double_precision(random_distribution, images, blocks, levels, seed):
    gallery = random_distribution(images, blocks, levels, seed)
    query = random_distribution(1, blocks, levels, seed + 1)[0]

    found = nearest(query, gallery, k=4)

    gap = gallery.reshape(images, -1).astype(np.float64) - query.reshape(-1).astype(np.float64)
    expected = np.sort(np.sqrt((gap**2).sum(axis=1)))[:4]
    np.testing.assert_allclose(found["distance"], expected, atol=1e-5)


def test_equal_distances_come_in_row_order_and_are_counted():
    point = np.array([[0.0, 1.0]], dtype=np.float32)
    gallery = np.stack([1 - point, point, 1 - point, point, point])
    found = nearest(point, gallery, k=4)
    assert found["row"].tolist() == [1, 3, 4, 0]
    assert found["ties"].tolist() == [3, 3, 3, 2]
    assert found["distance"].tolist() == pytest.approx([0, 0, 0, np.sqrt(2)])


def test_the_query_itself_is_left_out_in_its_own_task_only(random_distribution):
    own, other = random_distribution(30, 3, 4), random_distribution(20, 3, 4, seed=3)
    query = own[7]
    galleries = {"own": own, "other": np.concatenate([other, own[7:8]])}
    found = nearest_per_task(query, galleries, k=4, exclude=("own", 7))
    assert found.groupby("task", sort=False).size().to_dict() == {"own": 4, "other": 4}
    assert 7 not in found.loc[found["task"] == "own", "row"].tolist()
    assert found.loc[found["task"] == "other", "row"].iloc[0] == 20
    assert found.loc[found["task"] == "other", "distance"].iloc[0] == 0


def test_a_gallery_smaller_than_k_returns_what_it_has(random_distribution):
    gallery = random_distribution(3, 2, 2)
    assert len(nearest(gallery[0], gallery, k=4)) == 3
    assert len(nearest(gallery[0], gallery, k=4, exclude=0)) == 2


def test_distributions_of_another_network_are_refused(random_distribution):
    with pytest.raises(DataError, match="12 numbers"):
        nearest(random_distribution(1, 3, 4)[0], random_distribution(5, 2, 4), k=1)


def test_thirty_thousand_images_are_searched_in_a_tenth_of_a_second(random_distribution):
    gallery = random_distribution(30_000, 15, 4)
    nearest(gallery[0], gallery, k=4)
    durations = []
    for row in range(5):
        start = time.perf_counter()
        nearest(gallery[row], gallery, k=4, exclude=row)
        durations.append(time.perf_counter() - start)
    assert min(durations) <= 0.1
