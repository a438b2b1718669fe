"""The two images of the tour are found by a rule."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from den_core.analysis.tour import Contrast, contrast
from den_core.errors import DataError


def _with(gallery, name, macs, correct, confidence):
    frame = gallery.frame.assign(macs=macs, correct=correct, confidence=np.array(confidence, dtype=np.float32))
    return dataclasses.replace(gallery, task=name, frame=frame)


@pytest.fixture
def two_tasks(make_gallery, random_distribution):
    base = make_gallery(random_distribution(4, 2, 3))
    narrow = _with(base, "narrow", [5, 6, 7, 8], True, [0.5] * 4)
    wide = _with(base, "wide", [1, 10, 10, 99], [True, True, True, False], [0.2, 0.5, 0.9, 0.99])
    return {"narrow": narrow, "wide": wide}


def test_the_task_with_the_widest_range_gives_its_correctly_answered_extremes(two_tasks):
    assert contrast(two_tasks) == Contrast("wide", cheap=0, expensive=2), "row 3 is wrong, row 2 is surer than row 1"


def test_where_no_answer_is_right_all_images_count(two_tasks):
    wrong = dataclasses.replace(two_tasks["wide"], frame=two_tasks["wide"].frame.assign(correct=False))
    assert contrast({"wide": wrong}) == Contrast("wide", cheap=0, expensive=3)


def test_one_structure_for_all_is_no_error(two_tasks):
    same = dataclasses.replace(two_tasks["narrow"], frame=two_tasks["narrow"].frame.assign(macs=7))
    assert contrast({"narrow": same}) == Contrast("narrow", cheap=0, expensive=0)


def test_no_image_is_an_error():
    with pytest.raises(DataError, match="index"):
        contrast({})
