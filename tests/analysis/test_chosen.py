"""Chosen structures: the paper's Fig. 6a and Fig. 7."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis import chosen_models, coverage, gallery_levels, most_chosen
from den_core.errors import DataError


def test_counts_shares_and_tail_of_a_hand_computed_case():
    models = chosen_models(["30"] * 5 + ["11"] * 2 + ["00"] * 2 + ["22"], top=2)

    assert (models.images, models.distinct) == (10, 4)
    assert models.top["structure"].tolist() == ["30", "00"], "equal counts are ordered by key"
    assert models.top["images"].tolist() == [5, 2]
    assert models.top["cumulative"].tolist() == pytest.approx([0.5, 0.7])
    assert (models.other_structures, models.other_images) == (2, 3)


def test_effective_number_is_the_count_when_all_are_equal_and_one_when_there_is_one():
    assert chosen_models(["00", "01", "02", "03"]).effective == pytest.approx(4)
    assert chosen_models(["00"] * 9).effective == pytest.approx(1)


def test_effective_number_lies_between_one_and_distinct(gallery):
    models = chosen_models(gallery["structure"])
    assert 1 <= models.effective <= models.distinct


def test_images_add_up(gallery):
    models = chosen_models(gallery["structure"], top=3)
    assert models.top["images"].sum() + models.other_images == models.images == 40
    assert len(models.top) + models.other_structures == models.distinct


def test_coverage_counts_the_fewest_structures_that_reach_a_share():
    keys = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    assert [coverage(keys, share) for share in (0.5, 0.8, 0.81, 1.0)] == [1, 2, 3, 3]


def test_no_images_are_refused():
    with pytest.raises(DataError, match="at least one image"):
        chosen_models([])


def test_most_chosen_samples_rows_that_really_chose_the_structure(gallery):
    cards = most_chosen(gallery, top=3, examples=4, seed=1)
    for card in cards.itertuples():
        assert len(card.rows) == min(4, card.images)
        assert set(gallery["structure"].iloc[card.rows]) == {card.structure}


def test_most_chosen_is_the_same_for_the_same_seed(gallery):
    first, again = most_chosen(gallery, seed=3), most_chosen(gallery, seed=3)
    assert first["rows"].tolist() == again["rows"].tolist()


def test_accuracy_of_a_structure_is_that_of_its_own_images(hand_gallery):
    cards = most_chosen(hand_gallery, top=1)
    assert cards["structure"].tolist() == ["10"]
    assert cards["accuracy"].iloc[0] == 0.5
    assert cards["share"].iloc[0] == 0.5


def test_levels_are_the_digits_of_the_key():
    np.testing.assert_array_equal(gallery_levels(["0123", "3330"], 4), [[0, 1, 2, 3], [3, 3, 3, 0]])
