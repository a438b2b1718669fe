"""MACs against hardness, and what was spent beyond need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis.hardness import (
    NONE_RIGHT,
    OUTCOMES,
    by_macs,
    hardness,
    loss,
    outcome_table,
    outcomes,
    overspend,
    overspend_bins,
    spearman,
    spending_by_hardness,
    tied_groups,
    uniform_tried,
    worst,
)
from den_core.errors import DataError


@pytest.fixture
def costed(make_gallery):
    """Six images, one block of three levels, structures 2 1 1 2 0 0, tried "1" (1,500 MACs) and "2" (2,500 MACs).

    Right under the chosen structure, "1" and "2": see the table.
    """
    levels = [2, 1, 1, 2, 0, 0]
    distribution = 0.1 + 0.7 * np.eye(3)[levels][:, None, :]
    chosen = [True, True, False, False, True, False]
    tried = np.array([[1, 1], [1, 1], [0, 1], [0, 0], [1, 1], [1, 0]], dtype=bool)
    return make_gallery(distribution, correct=chosen, tried_correct=tried)


def test_loss_is_minus_log_and_finite_at_zero():
    np.testing.assert_allclose(loss(np.array([1, np.exp(-2)])), [0, 2], atol=1e-12)
    assert 80 < loss(np.float32(0)) < 90


def test_groups_of_different_values_are_of_equal_size_and_rise():
    group = tied_groups(np.random.default_rng(0).permutation(50), 10)
    assert np.bincount(group).tolist() == [5] * 10
    assert (np.diff(tied_groups(np.arange(50), 10)) >= 0).all()


@settings(deadline=None)  # a busy machine is no fault of the function
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(1, 12))
def test_equal_values_share_a_group_and_no_group_is_empty(values, groups):
    values = np.array(values)
    group = tied_groups(values, groups)
    table = pd.DataFrame({"value": values, "group": group})
    assert (table.groupby("value")["group"].nunique() == 1).all()
    order = table.drop_duplicates("value").sort_values("value")["group"].to_numpy()
    assert (np.diff(order) >= 0).all(), "a larger value never falls into a lower group"
    assert set(group) == set(range(group.max() + 1))
    assert group.max() < groups


def test_one_value_makes_one_group_and_nothing_makes_none():
    assert tied_groups(np.full(7, 3.0)).tolist() == [0] * 7
    assert tied_groups(np.array([])).tolist() == []


def test_by_macs_of_a_hand_computed_case(costed):
    table = by_macs(costed)
    assert table["images"].tolist() == [2, 2, 2]
    assert table["macs_low"].tolist() == table["macs_high"].tolist() == [600, 1600, 2600]
    assert table["accuracy"].tolist() == [0.5, 0.5, 0.5]
    assert table["structures"].tolist() == [1, 1, 1]
    np.testing.assert_allclose(table["loss"], np.mean(loss(np.array([0.5, 0.25]))))


def test_by_macs_of_a_subset_counts_the_subset(gallery):
    rows = np.arange(40) < 15
    table = by_macs(gallery, rows, groups=4)
    assert table["images"].sum() == 15
    assert (table["macs_low"].to_numpy()[1:] > table["macs_high"].to_numpy()[:-1]).all()
    mean = np.average(table["macs"], weights=table["images"])
    assert mean == pytest.approx(gallery.frame["macs"][rows].mean())


def test_no_images_are_refused(gallery):
    nothing = np.zeros(40, dtype=bool)
    with pytest.raises(DataError, match="wider slice"):
        by_macs(gallery, nothing)
    with pytest.raises(DataError, match="wider slice"):
        spending_by_hardness(gallery, hardness(gallery, "333"), nothing)


def test_hardness_is_the_loss_under_the_structure_that_was_asked_for(gallery):
    np.testing.assert_allclose(hardness(gallery, "333"), -np.log(np.float64(np.float32(0.9))))
    with pytest.raises(DataError, match="every image was run through"):
        hardness(gallery, "321")


def test_the_full_network_comes_first_among_the_fixed_levels(gallery, make_gallery):
    assert uniform_tried(gallery) == ["333", "111"]
    probability = np.zeros((40, 3), dtype=np.float32)
    more = make_gallery(
        gallery.distribution,
        tried=("111", "121", "333"),
        tried_macs=np.array([1, 2, 3]),
        tried_probability=probability,
        tried_correct=probability > 0,
    )
    assert uniform_tried(more) == ["333", "111"], "121 is no fixed level"


def test_spending_sorts_by_hardness_and_averages_macs(gallery):
    hard = np.arange(40.0)[::-1]
    table = spending_by_hardness(gallery, hard, groups=4)
    macs = gallery.frame["macs"].to_numpy()
    np.testing.assert_allclose(table["macs"], macs[::-1].reshape(4, 10).mean(axis=1))
    assert table["hard_low"].tolist() == [0, 10, 20, 30]
    assert ((table["low"] <= table["macs"]) & (table["macs"] <= table["high"])).all()


def test_spearman_is_the_correlation_of_mean_ranks():
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 5, 200), generator.normal(size=200)
    ranks = pd.DataFrame({"x": x, "y": y}).rank()
    assert spearman(x, y, draws=200).value == pytest.approx(ranks["x"].corr(ranks["y"]))


def test_a_bootstrap_draw_is_the_correlation_of_the_drawn_images():
    """Counting how often an image was drawn must be the same as repeating it."""
    from den_core.analysis.hardness import _weighted_spearman

    generator = np.random.default_rng(1)
    x, y = generator.integers(0, 4, 60), generator.integers(0, 9, 60)
    drawn = generator.integers(60, size=60)
    places = [np.unique(values, return_inverse=True)[1] for values in (x, y)]
    ranks = pd.DataFrame({"x": x[drawn], "y": y[drawn]}).rank()
    counted = _weighted_spearman(*places, np.bincount(drawn, minlength=60))
    assert counted == pytest.approx(ranks["x"].corr(ranks["y"]))


def test_spearman_knows_perfect_order_and_is_seeded():
    x = np.arange(30)
    up, down = spearman(x, x**3), spearman(x, -x)
    assert (up.value, down.value) == (pytest.approx(1), pytest.approx(-1))
    assert up.clear and down.clear
    y = np.random.default_rng(0).normal(size=30)
    assert spearman(x, y, seed=5) == spearman(x, y, seed=5)
    assert spearman(x, y, seed=5) != spearman(x, y, seed=6)


def test_the_interval_of_unrelated_values_usually_holds_zero():
    held = 0
    for seed in range(100):
        x, y = np.random.default_rng(seed).normal(size=(2, 60))
        held += not spearman(x, y, draws=200).clear
    assert held >= 88


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_spearman_of_too_few_images_is_undefined(values):
    found = spearman(np.array(values), np.array(values))
    assert np.isnan(found.value) and not found.clear


def test_spearman_of_one_cost_is_undefined():
    assert np.isnan(spearman(np.ones(20), np.arange(20)).value)


def test_overspend_of_a_hand_computed_case(costed):
    spent = overspend(costed)
    assert spent.cheapest.tolist() == [0, 0, 1, NONE_RIGHT, 0, 0]
    assert spent.chosen_macs.tolist() == [2500, 1500, 1500, 2500, 500, 500], "without the selector's 100"
    assert spent.macs.tolist() == [1000, 0, -1000, 0, -1000, -1000]
    assert spent.solvable.tolist() == [True, True, True, False, True, True]
    keys = list(OUTCOMES)
    assert [keys[kind] for kind in outcomes(spent)] == ["cheaper", "exact", "short", "none", "thrifty", "short"]


def test_an_image_that_only_the_chosen_structure_gets_right_is_named(make_gallery):
    never = np.zeros((2, 2), dtype=bool)
    found = make_gallery(np.eye(3)[[2, 2]][:, None, :], correct=[True, True], tried_correct=never)
    assert outcome_table(overspend(found)).set_index("outcome")["images"]["untried"] == 2


def test_outcomes_count_every_image_once(costed):
    table = outcome_table(overspend(costed))
    assert table["images"].sum() == 6
    assert table["share"].sum() == pytest.approx(1)
    assert table["wrong"].sum() == 3
    part = outcome_table(overspend(costed), np.arange(6) < 2)
    assert part["images"].tolist() == [1, 1, 0, 0, 0, 0]
    assert outcome_table(overspend(costed), np.zeros(6, dtype=bool))["share"].sum() == 0


def test_choosing_a_tried_structure_that_is_right_never_underspends(gallery):
    """The chosen structure among the tried ones: then the cheapest right one costs at most as much."""
    spent = overspend(gallery)
    chosen = gallery.frame["structure"].isin(gallery.tried).to_numpy() & spent.correct
    assert (spent.macs[chosen] >= 0).all()


def test_overspend_without_tried_structures_is_refused(gallery, make_gallery):
    bare = make_gallery(
        gallery.distribution,
        tried=(),
        tried_macs=np.zeros(0, dtype=np.int64),
        tried_probability=np.zeros((40, 0), dtype=np.float32),
        tried_correct=np.zeros((40, 0), dtype=bool),
    )
    with pytest.raises(DataError, match="den index"):
        overspend(bare)
    with pytest.raises(DataError, match="none"):
        hardness(bare, "333")
    assert uniform_tried(bare) == []


def test_bins_of_overspend_divide_at_zero_and_count_all_solvable_images(costed):
    spent = overspend(costed)
    table = overspend_bins(spent, bins=4)
    assert table["images"].sum() == spent.solvable.sum() == 5
    assert (table["right"] + table["wrong"]).tolist() == table["images"].tolist()
    assert 0 in table["start"].tolist()
    np.testing.assert_array_equal(table["end"].to_numpy()[:-1], table["start"].to_numpy()[1:])
    below = table[table["end"] <= 0]["images"].sum()
    assert below == (spent.macs[spent.solvable] < 0).sum()
    assert overspend_bins(spent, np.zeros(6, dtype=bool)).empty


def test_the_worst_images_come_first_and_only_those_that_overspent(costed):
    assert worst(overspend(costed)).tolist() == [0]
    assert worst(overspend(costed), np.arange(6) > 0).tolist() == []
