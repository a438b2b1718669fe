"""Two checkpoints on the same images."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis import comparison
from den_core.analysis.comparison import compare, in_bin, macs_bins, mcnemar
from den_core.errors import DataError


@pytest.fixture
def pair(make_gallery, random_distribution):
    """Two galleries of six images; the second has them in another order and lacks one."""
    first = make_gallery(random_distribution(6, 3, 4), correct=[True, True, True, False, False, True])
    second = make_gallery(random_distribution(6, 3, 4, seed=1), correct=[True, False, True, True, False, False])
    frame = second.frame.iloc[[3, 0, 1, 2, 4]].reset_index(drop=True)
    order = [3, 0, 1, 2, 4]
    second = dataclasses.replace(
        second, frame=frame, distribution=second.distribution[order], levels=second.levels[order]
    )
    return first, second


def test_images_are_matched_by_their_id(pair):
    found = compare(*pair)
    assert found.images["image_id"].tolist() == pair[0].frame["image_id"][:5].tolist()
    assert found.images["other_row"].tolist() == [1, 2, 3, 0, 4]
    assert (found.only_first, found.only_second) == (1, 0)


def test_who_is_right_where(pair):
    found = compare(*pair)
    assert found.images["outcome"].tolist() == ["both", "first", "both", "second", "neither"]
    assert found.counts == {"both": 2, "first": 1, "second": 1, "neither": 1}
    assert found.accuracies == (0.6, 0.6)
    assert found.p_value == 1


def test_a_gallery_compared_with_itself_shows_no_difference(pair):
    found = compare(pair[0], pair[0])
    assert found.counts["first"] == found.counts["second"] == 0
    assert (found.images["distance"] == 0).all()
    assert (found.images["macs_difference"] == 0).all()


def test_turning_the_comparison_round_turns_the_signs(pair):
    there, back = compare(*pair), compare(*reversed(pair))
    a, b = there.images.set_index("image_id"), back.images.set_index("image_id")
    pd.testing.assert_series_equal(a["macs_difference"], -b["macs_difference"][a.index])
    np.testing.assert_allclose(a["distance"], b["distance"][a.index])


def test_distances_are_l2(pair):
    gap = pair[0].distribution[3] - pair[1].distribution[0]
    assert compare(*pair).images["distance"][3] == pytest.approx(np.sqrt((gap**2).sum()), rel=1e-6)


def test_networks_with_other_blocks_are_compared_without_structures(pair, make_gallery, random_distribution):
    found = compare(pair[0], make_gallery(random_distribution(6, 2, 4)))
    assert not found.same_blocks
    assert found.images["distance"].isna().all()


def test_other_data_other_classes_other_labels_are_refused(pair):
    first, second = pair
    with pytest.raises(DataError, match="same data"):
        compare(first, dataclasses.replace(second, source="open:else"))
    with pytest.raises(DataError, match="same classes"):
        compare(first, second, ["cat"], ["dog"])
    with pytest.raises(DataError, match="same label"):
        compare(first, dataclasses.replace(second, frame=second.frame.assign(label=second.frame["label"] + 1)))


def test_no_common_image_and_doubled_ids_are_refused(pair):
    first, second = pair
    strangers = second.frame.assign(image_id=[f"other-{i}" for i in range(len(second))])
    with pytest.raises(DataError, match="none among 6 and 5"):
        compare(first, dataclasses.replace(second, frame=strangers))
    with pytest.raises(DataError, match="once"):
        compare(first, dataclasses.replace(second, frame=second.frame.assign(image_id="same")))


def test_the_summary_has_a_row_per_task(pair, make_gallery, random_distribution):
    other = compare(pair[0], make_gallery(random_distribution(6, 2, 4)))
    table = comparison.summary({"a": compare(*pair), "b": other}).set_index("task")
    assert table.loc["a", ["images", "accuracy", "other_accuracy", "points", "p_value"]].tolist() == [5, 0.6, 0.6, 0, 1]
    assert 0 <= table["same_structure"]["a"] <= 1
    assert np.isnan(table["same_structure"]["b"])
    assert table["mean_macs"]["a"] == pair[0].frame["macs"][:5].mean()


def test_mcnemar_by_hand():
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)
    assert mcnemar(3, 3) == 1
    assert mcnemar(0, 10_000) > 0


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(a, b):
    one_side = Fraction(sum(math.comb(a + b, k) for k in range(min(a, b) + 1)), 2 ** (a + b))
    expected = float(min(2 * one_side, 1))
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(expected, rel=1e-6)


def test_pairs_of_structures_are_counted(pair):
    images = compare(*pair).images.assign(structure=list("aabba"), other_structure=list("xxyyx"))
    found = comparison.structure_pairs(images)
    assert found[["structure", "other_structure", "images"]].to_numpy().tolist() == [["a", "x", 3], ["b", "y", 2]]
    assert found["share"].tolist() == [0.6, 0.4]
    assert found["accuracy"].tolist() == pytest.approx([2 / 3, 0.5]), "both, first, neither; both, second"
    assert found["other_accuracy"].tolist() == pytest.approx([1 / 3, 1])
    assert len(comparison.structure_pairs(images, top=1)) == 1


@settings(deadline=None)
@given(st.lists(st.integers(-(10**8), 10**8).map(lambda v: v // 10 * 10), max_size=60))
def test_every_difference_is_in_one_bin_and_signs_are_never_mixed(values):
    values = np.array(values, dtype=np.int64)
    bins = macs_bins(values)
    assert bins["images"].sum() == len(values)
    assert bins["low"].is_monotonic_increasing
    assert not ((bins["low"] < 0) & (bins["high"] > 0)).any()
    counts = [int(in_bin(values, entry.low, entry.high).sum()) for entry in bins.itertuples()]
    assert counts == bins["images"].tolist()
    assert len(bins) <= 27


def test_equal_costs_have_a_bin_of_their_own():
    bins = macs_bins(np.array([0, 0, 5, -5]))
    same = bins[(bins["low"] == 0) & (bins["high"] == 0)]
    assert same["images"].tolist() == [2]
