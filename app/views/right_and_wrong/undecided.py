"""Accuracy of a selection whose filters say nothing of right and wrong themselves."""

from __future__ import annotations

from dataclasses import replace

from den_core.analysis.slices import Slice


def whatever_the_answer(where: Slice) -> Slice:
    """The slice without filters that alone decide what is right: accuracy of wrong answers is 0 and says nothing."""
    decided = where.label is not None and where.predicted is not None
    return replace(where, correct=None, predicted=None if decided else where.predicted)


def left_out(selected: Slice, where: Slice) -> str:
    """Says that a chart goes beyond the selection, where it does: a sentence for its caption."""
    if selected == where:
        return ""
    return " Filters on answer and verdict do not apply here: they would decide the accuracy."
