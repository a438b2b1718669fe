"""Right and wrong answers: confusion, slices, reliability."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis.confusion import (
    confidence_bin,
    confusion,
    confusion_table,
    reliability,
    row_shares,
    slices,
    summary,
)
from den_core.errors import DataError

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def answered(make_gallery, random_distribution):
    """Sixty images of three classes with seeded answers, confidences and costs in millions."""
    generator = np.random.default_rng(0)
    label, prediction = generator.integers(0, 3, (2, 60))
    return make_gallery(
        random_distribution(60, 3, 4),
        correct=list(label == prediction),
        label=label.astype(np.int16),
        prediction=prediction.astype(np.int16),
        confidence=generator.uniform(0.34, 1, 60).astype(np.float32),
        macs=generator.integers(5_000_000, 30_000_000, 60),
    )


def test_confusion_of_a_hand_computed_case():
    counts = confusion([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    np.testing.assert_allclose(row_shares(counts), [[0.5, 0.5, 0], [0, 1, 0], [1 / 3, 0, 2 / 3]])
    table = confusion_table(counts, NAMES)
    assert table.iloc[0].tolist() == ["cat", "dog", 1, 0.5], "mistakes first, the first of equal ones by class"
    assert table["images"].sum() == 6
    assert table.iloc[-3:]["class_name"].tolist() == table.iloc[-3:]["answer"].tolist()


def test_confusion_agrees_with_accuracy(answered):
    counts = confusion(answered.frame["label"], answered.frame["prediction"], 3)
    assert counts.sum() == 60
    assert counts.trace() / 60 == pytest.approx(answered.frame["correct"].mean())


def test_a_class_without_images_has_no_shares():
    shares = row_shares(confusion([0], [0], 2))
    assert np.isnan(shares[1]).all()
    assert confusion([], [], 2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("labels", "predictions"), [([3], [0]), ([0], [3]), ([-1], [0])])
def test_an_answer_that_is_no_class_is_refused(labels, predictions):
    with pytest.raises(DataError, match="from 0 to 2"):
        confusion(labels, predictions, 3)


def test_summary_counts_every_image_the_same(answered, hand_gallery):
    found = summary({"a": answered, "b": hand_gallery})
    right = answered.frame["correct"].sum() + 3
    assert (found.images, found.accuracy) == (64, pytest.approx(right / 64))
    assert found.low < found.accuracy < found.high
    macs = answered.frame["macs"].sum() + hand_gallery.frame["macs"].sum()
    assert found.macs == pytest.approx(macs / 64)
    assert summary({"a": answered}, {"a": np.arange(60) < 10}).images == 10


def test_summary_of_nothing_is_open(answered):
    found = summary({"a": answered}, {"a": np.zeros(60, dtype=bool)})
    assert (found.images, found.low, found.high) == (0, 0, 1)
    assert np.isnan(found.accuracy) and np.isnan(found.macs)


@pytest.mark.parametrize("by", ["task", "class", "macs", "confidence", "structure"])
def test_slices_count_every_image_once_and_keep_the_mean(by, answered):
    table = slices({"toy": answered}, {"toy": NAMES}, by, top=1000)
    assert table["images"].sum() == 60
    assert (table["images"] > 0).all()
    np.testing.assert_allclose(np.average(table["accuracy"], weights=table["images"]), answered.frame["correct"].mean())
    np.testing.assert_allclose(np.average(table["macs"], weights=table["images"]), answered.frame["macs"].mean())
    assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()


def test_slices_by_class_are_the_classes(answered):
    table = slices({"toy": answered}, {"toy": NAMES}, "class").set_index("group")
    frame = answered.frame
    for number, name in enumerate(NAMES):
        assert table["accuracy"][name] == pytest.approx(frame["correct"][frame["label"] == number].mean())
    assert table["start"].isna().all()


def test_ranges_of_macs_are_whole_millions_that_hold_exactly_their_images(answered):
    table = slices({"toy": answered}, {"toy": NAMES}, "macs")
    macs = answered.frame["macs"]
    for row in table.itertuples():
        assert row.start % 1e6 == row.end % 1e6 == 0
        assert ((macs >= row.start) & (macs <= row.end)).sum() == row.images
    assert (table["start"].to_numpy()[1:] >= table["end"].to_numpy()[:-1]).all()


def test_slices_respect_masks_and_the_number_of_structures(answered, hand_gallery):
    galleries = {"toy": answered, "hand": hand_gallery}
    masks = {"toy": np.arange(60) < 7, "hand": np.zeros(4, dtype=bool)}
    table = slices(galleries, {"toy": NAMES, "hand": NAMES}, "structure", masks)
    assert set(table["task"]) == {"toy"}
    assert table["images"].sum() == 7
    assert len(slices(galleries, {"toy": NAMES, "hand": NAMES}, "structure", top=2)) == 4
    assert (slices({"toy": answered}, {"toy": NAMES}, "structure")["images"].diff().dropna() <= 0).all()


def test_slices_of_nothing_are_an_empty_table(answered):
    table = slices({"toy": answered}, {"toy": NAMES}, "class", {"toy": np.zeros(60, dtype=bool)})
    assert table.empty and "accuracy" in table


def test_a_confidence_of_one_falls_into_the_last_bin():
    assert confidence_bin(np.array([0, 0.05, 0.1, 0.55, 0.999, 1])).tolist() == [0, 0, 1, 5, 9, 9]


def test_reliability_of_a_hand_computed_case():
    found = reliability([0.95, 0.95, 0.65, 0.65], [True, True, True, False])
    assert found.bins["images"].tolist() == [2, 2]
    assert found.bins["accuracy"].tolist() == [0.5, 1]
    assert found.error == pytest.approx((0.15 + 0.05) / 2)
    assert found.gap == pytest.approx(0.8 - 0.75)


def test_confidence_that_is_true_has_a_small_error_and_overconfidence_shows():
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.3, 1, 20_000)
    true = reliability(confidence, generator.random(20_000) < confidence)
    assert true.error < 0.02
    assert reliability(confidence, generator.random(20_000) < confidence - 0.2).gap == pytest.approx(0.2, abs=0.02)


def test_reliability_of_nothing_is_undefined():
    found = reliability([], np.array([], dtype=bool))
    assert found.bins.empty and np.isnan(found.error) and found.images == 0
