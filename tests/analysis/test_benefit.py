"""The own structure of every image against those of other images."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis.benefit import Benefit, benefit, benefit_bins, most_helped, most_hurt, summary
from den_core.errors import DataError


@pytest.fixture
def gallery(make_gallery):
    """Five images of one block with the structures 0 0 1 1 2; tried "1" and "2", and so chosen twice and once."""
    levels = [0, 0, 1, 1, 2]
    return make_gallery(
        0.1 + 0.7 * np.eye(3)[levels][:, None, :],
        correct=[True, False, True, False, True],
        label_probability=np.array([0.9, 0.3, 0.6, 0.2, 0.8], dtype=np.float32),
        tried_probability=np.array([[0.3, 0.6], [0.6, 0.9], [0.6, 0.5], [0.2, 0.7], [0.1, 0.8]], dtype=np.float32),
        tried_correct=np.array([[0, 1], [1, 1], [1, 1], [0, 1], [0, 1]], dtype=bool),
    )


def test_benefit_of_a_hand_computed_case(gallery):
    found = benefit(gallery)
    others = [(2 * 0.3 + 0.6) / 3, (2 * 0.6 + 0.9) / 3, 0.5, 0.7, 0.1]
    np.testing.assert_allclose(found.others, others, rtol=1e-6)
    np.testing.assert_allclose(found.value, np.array([0.9, 0.3, 0.6, 0.2, 0.8]) - others, rtol=1e-6)
    np.testing.assert_allclose(found.others_right, [1 / 3, 1, 1, 1, 0])
    assert (found.structures, found.covered) == (2, 0.6)


def test_helped_is_right_where_others_are_mostly_wrong_and_hurt_the_reverse(gallery):
    found = benefit(gallery)
    assert found.helped.tolist() == [True, False, False, False, True]
    assert found.hurt.tolist() == [False, True, False, True, False]
    assert most_helped(found).tolist() == [4, 0], "largest benefit first"
    assert most_hurt(found).tolist() == [3, 1], "smallest benefit first"
    assert most_helped(found, np.array([1, 1, 1, 1, 0], dtype=bool)).tolist() == [0]


def test_a_structure_that_nobody_chose_counts_for_nothing(gallery, make_gallery):
    key = ["0", "0", "1", "1", "1"]
    unused = dataclasses.replace(gallery, frame=gallery.frame.assign(structure=key))
    found = benefit(unused)
    np.testing.assert_allclose(found.others[:2], [0.3, 0.6], rtol=1e-6)
    assert not found.known[2:].any(), "the only tried structure in use is their own"
    assert found.structures == 1


def test_images_without_another_structure_are_in_no_number(gallery):
    found = benefit(dataclasses.replace(gallery, frame=gallery.frame.assign(structure="1")))
    assert not found.known.any() and not found.helped.any() and not found.hurt.any()
    total = summary(found)
    assert total.images == 0 and np.isnan(total.mean)
    assert benefit_bins(found).empty


def test_summary_counts_the_rows_that_are_asked_for(gallery):
    found, rows = benefit(gallery), np.array([1, 1, 0, 0, 0], dtype=bool)
    total = summary(found, rows)
    assert (total.images, total.helped, total.hurt) == (2, 1, 1)
    assert total.mean == pytest.approx(found.value[:2].mean())
    assert total.low < total.mean < total.high
    alone = summary(found, np.array([1, 0, 0, 0, 0], dtype=bool))
    assert np.isnan(alone.low), "one image says nothing of the spread"


def test_what_comes_back_cannot_be_changed(gallery):
    with pytest.raises(ValueError, match="read-only"):
        benefit(gallery).others[0] = 1


def test_without_tried_structures_the_error_says_what_to_do(gallery):
    nothing = dataclasses.replace(gallery, tried=(), tried_probability=np.zeros((5, 0), dtype=np.float32))
    with pytest.raises(DataError, match="index"):
        benefit(nothing)


@settings(deadline=None)  # a busy machine is no fault of the function
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=50))
def test_every_image_falls_into_the_bin_that_holds_it_and_zero_is_an_edge(values):
    own = np.array(values)
    found = Benefit(own, np.zeros(len(own)), np.zeros(len(own)), own > 0, structures=1, covered=1.0)
    bins = benefit_bins(found, width=0.25)
    assert bins["images"].sum() == len(own)
    np.testing.assert_allclose(bins["end"] - bins["start"], 0.25)
    inside = [((own >= low) & (own < high)).sum() for low, high in zip(bins["start"], bins["end"], strict=True)]
    assert inside == bins["images"].tolist()
    assert (bins["start"] < 0).to_numpy()[:-1].sum() == (bins["end"] <= 0).to_numpy()[:-1].sum(), "0 is inside no bin"


def test_a_hundred_thousand_images_are_ready_at_once(make_gallery, random_distribution):
    small = make_gallery(random_distribution(100, 3, 4))
    times = 1000
    large = dataclasses.replace(
        small,
        frame=pd.concat([small.frame] * times, ignore_index=True),
        tried_probability=np.tile(small.tried_probability, (times, 1)),
        tried_correct=np.tile(small.tried_correct, (times, 1)),
    )
    start = time.process_time()
    found = benefit(large)
    summary(found), most_helped(found), most_hurt(found), benefit_bins(found)
    assert time.process_time() - start < 1
