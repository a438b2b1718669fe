"""Dividing training data keeps the promises of its docstring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.data.splits import split_validation
from den_core.errors import DataError

SHARES = st.floats(0.05, 0.6)
SEEDS = st.integers(0, 2**31)


@st.composite
def rows(draw):
    """Labels and groups of up to 80 rows; a group may hold several classes."""
    n = draw(st.integers(1, 80))
    labels = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, 40), min_size=n, max_size=n))
    return np.array(labels), np.array(groups)


@settings(max_examples=100, deadline=None)
@given(rows=rows(), share=SHARES, seed=SEEDS)
def test_split_is_disjoint_complete_grouped_and_seeded(rows, share, seed):
    labels, groups = rows

    train, val = split_validation(labels, groups, share, seed)

    assert sorted([*train, *val]) == list(range(len(labels)))
    assert not set(groups[train]) & set(groups[val])
    assert set(labels[train]) == set(labels)
    again = split_validation(labels, groups, share, seed)
    assert np.array_equal(train, again[0]) and np.array_equal(val, again[1])


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=12), min_size=1), share=SHARES)
def test_class_shares_are_close(sizes, share):
    """With groups of one class each, a class misses its share by at most its largest group."""
    labels, groups = [], []
    for label, of_class in enumerate(sizes):
        for size in of_class:
            labels += [label] * size
            groups += [max(groups, default=-1) + 1] * size
    labels, groups = np.array(labels), np.array(groups)

    _, val = split_validation(labels, groups, share, seed=3)

    for label, of_class in enumerate(sizes):
        held_out = (labels[val] == label).sum()
        assert held_out > 0
        assert abs(held_out - share * sum(of_class)) <= max(of_class)


def test_single_rows_give_the_exact_share():
    labels = np.repeat(np.arange(4), 100)

    train, val = split_validation(labels, np.arange(400), 0.1, seed=0)

    assert np.bincount(labels[val]).tolist() == [10] * 4 and len(train) == 360


def test_another_seed_gives_another_split():
    labels = np.repeat(np.arange(4), 100)

    a, b = (split_validation(labels, np.arange(400), 0.1, seed)[1] for seed in (0, 1))

    assert not np.array_equal(a, b)


def test_one_group_per_class_stays_in_training():
    train, val = split_validation(np.array([0, 0, 1, 1]), np.array([5, 5, 7, 7]), 0.5, seed=0)

    assert len(train) == 4 and len(val) == 0


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_share_out_of_range(share):
    with pytest.raises(DataError, match="between 0 and 1"):
        split_validation(np.zeros(4, int), np.arange(4), share, seed=0)


def test_lengths_that_differ_and_no_rows():
    with pytest.raises(DataError, match="one group per label"):
        split_validation(np.zeros(4, int), np.arange(3), 0.5, seed=0)
    with pytest.raises(DataError, match="at least one"):
        split_validation(np.zeros(0, int), np.zeros(0, int), 0.5, seed=0)
