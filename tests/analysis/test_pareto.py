"""The Pareto front is what nothing beats."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from den_core.analysis.pareto import pareto_front


def front(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """The points, as MACs and gain, that are on the front, in their order."""
    kept = pareto_front([macs for macs, _ in points], [gain for _, gain in points])
    return [point for point, on_front in zip(points, kept, strict=True) if on_front]


def test_the_front_holds_what_nothing_cheaper_beats():
    assert front((3, 0.7), (1, 0.5), (2, 0.6), (2, 0.4), (4, 0.65)) == [(3, 0.7), (1, 0.5), (2, 0.6)]


def test_a_point_of_equal_gain_and_more_macs_is_not_on_the_front_an_equal_point_is():
    assert front((1, 0.5), (2, 0.5)) == [(1, 0.5)]
    assert front((1, 0.5), (1, 0.5)) == [(1, 0.5), (1, 0.5)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20))
def test_the_front_is_what_brute_force_finds(points):
    def beaten(point, other):
        return other[0] <= point[0] and other[1] >= point[1] and other != point

    assert front(*points) == [point for point in points if not any(beaten(point, other) for other in points)]
