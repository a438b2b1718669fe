"""Approximate search: the same interface, measured against the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from den_core.analysis import approximate
from den_core.analysis.approximate import FaissIndex, faiss_installed, neighbour_index
from den_core.analysis.neighbours import ExactIndex
from den_core.errors import ConfigError, DataError

needs_faiss = pytest.mark.skipif(not faiss_installed(), reason="needs the optional package faiss")


def test_few_images_are_always_searched_exactly(random_distribution):
    assert neighbour_index(random_distribution(50, 3, 4)).exact


def test_many_images_are_searched_exactly_without_faiss(random_distribution, monkeypatch):
    monkeypatch.setattr(approximate, "APPROXIMATE_FROM", 10)
    monkeypatch.setattr(approximate, "faiss_installed", lambda: False)
    assert isinstance(neighbour_index(random_distribution(50, 3, 4)), ExactIndex)


def test_without_faiss_the_error_says_how_to_get_it(random_distribution, monkeypatch):
    monkeypatch.setattr(approximate, "faiss_installed", lambda: False)
    with pytest.raises(ConfigError, match="pip install"):
        FaissIndex(random_distribution(50, 3, 4))


@needs_faiss
def test_an_index_that_looks_everywhere_agrees_with_exact_search(random_distribution):
    vectors = random_distribution(400, 3, 4)
    index = FaissIndex(vectors, cells=8, probes=8)
    exact = ExactIndex(vectors)
    assert len(index) == 400 and not index.exact
    for row in range(0, 400, 37):
        found, true = (i.search(vectors[row], 4, exclude=row) for i in (index, exact))
        assert found["row"].tolist() == true["row"].tolist()
        np.testing.assert_allclose(found["distance"], true["distance"])


@needs_faiss
def test_very_many_images_are_searched_approximately(random_distribution, monkeypatch):
    monkeypatch.setattr(approximate, "APPROXIMATE_FROM", 100)
    assert not neighbour_index(random_distribution(200, 3, 4)).exact
    assert neighbour_index(random_distribution(100, 3, 4)).exact


@needs_faiss
def test_vectors_that_do_not_fit_are_refused(random_distribution):
    with pytest.raises(DataError):
        FaissIndex(np.zeros((0, 4)))
    with pytest.raises(DataError, match="12"):
        FaissIndex(random_distribution(50, 3, 4)).search(np.zeros(5), 1)
