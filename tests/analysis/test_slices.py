"""Slices take the images that they name, and only those."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis.slices import Slice, mask, matches, select
from den_core.errors import StructureError

CLASSES = ("cat", "dog")


@pytest.fixture
def toy(hand_gallery):
    """Structures 10, 10, 11, 00; the second image is a cat that was taken for a dog."""
    return hand_gallery


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (Slice(), [0, 1, 2, 3]),
        (Slice(tasks=("toy",)), [0, 1, 2, 3]),
        (Slice(tasks=("other",)), []),
        (Slice(label="cat"), [0, 1, 2, 3]),
        (Slice(label="dog"), []),
        (Slice(label="unheard of"), []),
        (Slice(predicted="dog"), [1]),
        (Slice(correct=True), [0, 2, 3]),
        (Slice(correct=False), [1]),
        (Slice(structure="10"), [0, 1]),
        (Slice(structure="1*"), [0, 1, 2]),
        (Slice(structure="?0"), [0, 1, 3]),
        (Slice(macs=(1600, 1600)), [0, 1]),
        (Slice(macs=(0, 1599)), [3]),
        (Slice(confidence=(0.5, 1)), [0, 1, 2, 3]),
        (Slice(confidence=(0.6, 1)), []),
        (Slice(block=1, level=1), [2]),
        (Slice(block=0, level=0), [3]),
        (Slice(block=9, level=0), []),
        (Slice(correct=True, structure="1?"), [0, 2]),
    ],
)
def test_a_slice_takes_these_images(where, rows, toy):
    assert np.flatnonzero(mask(toy, CLASSES, where)).tolist() == rows
    assert select({"toy": toy}, {"toy": CLASSES}, where)["row"].tolist() == rows


def test_a_selection_says_what_every_image_is(toy):
    found = select({"toy": toy}, {"toy": CLASSES}, Slice(correct=False)).iloc[0]

    assert (found["task"], found["row"], found["class_name"], found["answer"]) == ("toy", 1, "cat", "dog")
    assert (found["image_id"], found["structure"], found["macs"]) == ("image-1", "10", 1600)


def test_an_empty_selection_has_the_same_columns(toy):
    everything = select({"toy": toy}, {"toy": CLASSES}, Slice())
    nothing = select({"toy": toy}, {"toy": CLASSES}, Slice(predicted="bird"))

    assert nothing.empty and list(nothing.columns) == list(everything.columns)


def test_tasks_come_in_the_order_of_the_galleries(toy, make_gallery, random_distribution):
    other = make_gallery(random_distribution(3, 2, 2), task="second")
    found = select({"second": other, "toy": toy}, {"second": CLASSES, "toy": CLASSES}, Slice())

    assert found["task"].tolist() == ["second"] * 3 + ["toy"] * 4


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("", ["330120", "33", "0"]),
        ("33*", ["330120", "33"]),
        ("*0", ["330120", "0"]),
        ("??", ["33"]),
        ("3*2?", ["330120"]),
        ("*", ["330120", "33", "0"]),
        ("3", []),
    ],
)
def test_patterns(pattern, fits):
    keys = ["330120", "33", "0"]

    assert [key for key, hit in zip(keys, matches(keys, pattern), strict=True) if hit] == fits


@pytest.mark.parametrize("pattern", ["3.*", "[0-9]", "33 ", "abc", "٣"])
def test_other_patterns_are_refused(pattern, toy):
    with pytest.raises(StructureError, match="expected digits"):
        mask(toy, CLASSES, Slice(structure=pattern))
