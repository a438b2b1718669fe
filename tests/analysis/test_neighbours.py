"""Nearest images in model-distribution space: the paper's Fig. 3."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from den_core.analysis.neighbours import (
    ExactIndex,
    HammingIndex,
    NeighbourIndex,
    mutual_neighbours,
    mutual_neighbours_of_tasks,
    nearest,
    search_per_task,
)
from den_core.errors import DataError


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(images=st.integers(1, 60), blocks=st.integers(1, 5), levels=st.integers(2, 4), seed=st.integers(0, 10_000))
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
    indexes = {"own": ExactIndex(own), "other": ExactIndex(np.concatenate([other, own[7:8]]))}
    found = search_per_task(query, indexes, k=4, exclude=("own", 7))
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


def test_the_nearest_are_those_of_a_full_sort_at_any_k(random_distribution):
    gallery = np.round(random_distribution(500, 2, 2) * 8) / 8  # sums of these squares are exact: real ties
    distance = np.sqrt(((gallery - gallery[3]) ** 2).reshape(500, -1).sum(1, dtype=np.float32))
    order = np.argsort(distance, kind="stable")
    for k in (1, 2, 17, 499, 500, 900):
        assert nearest(gallery[3], gallery, k)["row"].tolist() == order[:k].tolist()


def test_no_images_and_no_neighbours_are_empty_answers(random_distribution):
    nothing = nearest(random_distribution(1, 2, 2)[0], np.zeros((0, 2, 2)), k=4)
    assert nothing.empty
    one = random_distribution(1, 2, 2)
    assert nearest(one[0], one, k=4, exclude=0).empty
    assert search_per_task(one[0], {}).empty


def _levels(images: int, blocks: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (images, blocks), dtype=np.uint8)


@settings(max_examples=30, deadline=None)
@given(images=st.integers(1, 40), blocks=st.integers(1, 8), seed=st.integers(0, 1000))
def test_hamming_distance_is_the_number_of_blocks_that_differ(images, blocks, seed):
    levels = _levels(images, blocks, seed)
    found = HammingIndex(levels).search(levels[0], k=images)
    expected = sorted(sum(a != b for a, b in zip(row, levels[0], strict=True)) for row in levels.tolist())
    assert found["distance"].tolist() == expected
    assert found["ties"].tolist() == [expected.count(distance) for distance in expected]
    assert found["row"].iloc[0] == 0


def test_indexes_of_any_kind_answer_per_task(random_distribution):
    galleries = {"a": random_distribution(30, 3, 4), "b": random_distribution(20, 3, 4, seed=1)}
    indexes: dict[str, NeighbourIndex] = {task: ExactIndex(gallery) for task, gallery in galleries.items()}
    query = galleries["a"][5]
    found = search_per_task(query, indexes, k=3, exclude=("a", 5))
    parts = {"a": nearest(query, galleries["a"], 3, exclude=5), "b": nearest(query, galleries["b"], 3)}
    expected = pd.concat([part.assign(task=task) for task, part in parts.items()], ignore_index=True)
    assert found.equals(expected[found.columns])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(1, 30), second=st.integers(1, 30), seed=st.integers(0, 1000), digits=st.sampled_from([1, 6]))
def test_mutual_neighbours_are_each_others_nearest(random_distribution, first, second, seed, digits):
    a = np.round(random_distribution(first, 2, 3, seed), digits)
    b = np.round(random_distribution(second, 2, 3, seed + 1), digits)
    found = mutual_neighbours(a, b)
    assert 1 <= len(found) <= min(first, second), "the nearest pair of all is always one"
    assert found["row"].is_unique and found["other_row"].is_unique
    assert found["distance"].is_monotonic_increasing
    distance = np.sqrt(((a[:, None] - b[None]).astype(np.float64) ** 2).sum((2, 3)))
    for pair in found.itertuples():
        assert pair.distance == pytest.approx(distance[pair.row, pair.other_row], abs=1e-4)
        assert distance[pair.row].min() == pytest.approx(pair.distance, abs=1e-4)
        assert distance[:, pair.other_row].min() == pytest.approx(pair.distance, abs=1e-4)
    assert found["distance"].iloc[0] == pytest.approx(distance.min(), abs=1e-4)


def test_mutual_neighbours_do_not_depend_on_which_task_comes_first(random_distribution):
    a, b = random_distribution(60, 3, 4), random_distribution(45, 3, 4, seed=1)
    one, two = mutual_neighbours(a, b), mutual_neighbours(b, a)
    assert set(zip(one["row"], one["other_row"], strict=True)) == set(zip(two["other_row"], two["row"], strict=True))


def test_mutual_neighbours_in_a_sample_are_rows_of_the_whole(random_distribution):
    a, b = random_distribution(80, 3, 4), random_distribution(50, 3, 4, seed=1)
    found = mutual_neighbours(a, b, limit=20, seed=3)
    assert found.equals(mutual_neighbours(a, b, limit=20, seed=3))
    for pair in found.itertuples():
        assert pair.distance == pytest.approx(np.linalg.norm(a[pair.row] - b[pair.other_row]), abs=1e-4)


def test_mutual_neighbours_of_tasks_take_every_pair_of_tasks_once(random_distribution):
    vectors = {name: random_distribution(20, 2, 3, seed) for seed, name in enumerate("abc")}
    found = mutual_neighbours_of_tasks(vectors)
    assert set(zip(found["task"], found["other_task"], strict=True)) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert found["distance"].is_monotonic_increasing
    assert mutual_neighbours_of_tasks({"a": vectors["a"]}).empty
