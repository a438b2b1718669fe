"""Chosen structures: the paper's Fig. 6a and Fig. 7."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from den_core.analysis.chosen import (
    TAIL,
    covering,
    effective_number,
    head_and_tail,
    most_chosen,
    rank_frequency,
    structures_in_use,
    structures_of_tasks,
)
from den_core.errors import DataError


def counted_one_by_one(structures, ranking):
    """Images of every task per structure of a ranking, and of all others together: the plain way."""
    counts = pd.DataFrame({task: pd.Series(list(keys)).value_counts() for task, keys in structures.items()})
    counts = counts.fillna(0).astype("int64")
    table = counts.reindex(list(ranking), fill_value=0)
    tail = counts.drop(index=[key for key in ranking if key in counts.index]).sum()
    if int(tail.sum()):
        table.loc[TAIL] = tail
    return table


@pytest.fixture
def two_tasks(gallery, make_gallery, random_distribution):
    """The structures of two tasks of 40 and 25 images, and their galleries."""
    galleries = {"one": gallery, "two": make_gallery(random_distribution(25, 3, 4, seed=1), task="two")}
    return {task: structures_in_use(found) for task, found in galleries.items()}, galleries


def test_effective_number_is_the_count_when_all_are_equal_and_one_when_there_is_one():
    assert effective_number(np.array([3, 3, 3, 3])) == pytest.approx(4)
    assert effective_number(np.array([9])) == pytest.approx(1)
    assert effective_number(np.array([])) == 0


def test_effective_number_lies_between_one_and_distinct(gallery):
    counts = gallery.frame["structure"].value_counts()
    assert 1 <= effective_number(counts.to_numpy()) <= len(counts)


def test_coverage_counts_the_fewest_structures_that_reach_a_share():
    assert [covering(np.array([5, 3, 2]), share) for share in (0.5, 0.8, 0.81, 1.0)] == [1, 2, 3, 3]
    assert covering(np.array([2, 5, 3]), 0.8) == 2, "the order of the counts does not matter"
    assert covering(np.array([])) == 0


def test_rank_frequency_falls_and_covers_everything():
    table = rank_frequency([1, 5, 0, 4])
    assert table["images"].tolist() == [5, 4, 1, 0]
    assert table["cumulative"].tolist() == [0.5, 0.9, 1.0, 1.0]
    assert table["rank"].tolist() == [1, 2, 3, 4]


def test_no_images_are_refused(make_gallery):
    with pytest.raises(DataError, match="at least one image"):
        structures_in_use(make_gallery(np.zeros((0, 3, 4))))
    with pytest.raises(DataError, match="at least one image"):
        structures_of_tasks({})


def test_structures_in_use_of_a_hand_computed_case(hand_gallery):
    table = structures_in_use(hand_gallery)
    assert table["structure"].tolist() == ["10", "00", "11"]
    assert table["images"].tolist() == [2, 1, 1]
    assert table["share"].tolist() == [0.5, 0.25, 0.25]
    assert table["accuracy"].tolist() == [0.5, 1, 1]
    assert table["macs"].tolist() == [1600, 600, 2600], "stem and head 500, selector 100, 1,000 per level"
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_structures_in_use_agree_with_the_frame(gallery):
    table = structures_in_use(gallery).set_index("structure")
    groups = gallery.frame.groupby("structure")
    np.testing.assert_array_equal(table["images"].sort_index(), groups.size().sort_index())
    np.testing.assert_array_equal(table["macs"].sort_index(), groups["macs"].first().sort_index())
    np.testing.assert_allclose(table["confidence"].sort_index(), groups["confidence"].mean().sort_index())


def test_structures_of_tasks_add_up_and_cost_every_task_alone(two_tasks):
    tables, galleries = two_tasks
    table = structures_of_tasks(tables)
    assert table["images"].sum() == 65
    assert table["images:one"].sum() == 40
    assert table["cumulative"].iloc[-1] == 1
    assert (table["images"].diff().dropna() <= 0).all()
    right = sum(found.frame["correct"].sum() for found in galleries.values())
    assert (table["accuracy"] * table["images"]).sum() == pytest.approx(right)
    unused = table["images:two"] == 0
    assert unused.any() and table.loc[unused, "macs:two"].isna().all() and table.loc[~unused, "macs:two"].notna().all()


def test_structures_of_one_task_are_those_of_the_task(two_tasks):
    own = two_tasks[0]["one"]
    table = structures_of_tasks({"one": own})
    assert table["structure"].tolist() == own["structure"].tolist()
    np.testing.assert_allclose(table["low"], own["low"])


@pytest.mark.parametrize("top", [3, 1000])
def test_head_and_tail_count_every_image_once(top, two_tasks):
    tables, _ = two_tasks
    ranking = structures_of_tasks(tables)
    counts = head_and_tail(ranking, ["one", "two"], top)
    assert counts.sum().tolist() == [40, 25]
    assert (TAIL in counts.index) == (top < len(ranking))
    keys = ranking["structure"].head(top).tolist()
    expected = counted_one_by_one({task: found.frame["structure"] for task, found in two_tasks[1].items()}, keys)
    assert counts.to_numpy().tolist() == expected.to_numpy().tolist()


def test_most_chosen_samples_rows_that_really_chose_the_structure(gallery):
    cards = most_chosen(gallery, top=3, examples=4, seed=1)
    for card in cards.itertuples():
        assert len(card.rows) == min(4, card.images)
        assert set(gallery.frame["structure"].iloc[card.rows]) == {card.structure}


def test_most_chosen_is_the_same_for_the_same_seed(gallery):
    first, again = most_chosen(gallery, seed=3), most_chosen(gallery, seed=3)
    assert first["rows"].tolist() == again["rows"].tolist()


def test_accuracy_of_a_structure_is_that_of_its_own_images(hand_gallery):
    cards = most_chosen(hand_gallery, top=1)
    assert cards["structure"].tolist() == ["10"]
    assert cards["accuracy"].iloc[0] == 0.5
    assert cards["share"].iloc[0] == 0.5
