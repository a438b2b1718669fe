"""Approximate search: the same interface, measured against the exact one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from den_core.analysis import approximate
from den_core.analysis.approximate import FaissIndex, faiss_installed, neighbour_index
from den_core.analysis.neighbours import ExactIndex
from den_core.benchmarks.search import recall_of, synthesise
from den_core.errors import ConfigError, DataError

needs_faiss = pytest.mark.skipif(not faiss_installed(), reason="needs the optional package faiss")


def test_few_images_are_always_searched_exactly(random_distribution):
    assert neighbour_index(random_distribution(50, 3, 4)).exact


def test_many_images_are_searched_exactly_without_faiss(random_distribution, monkeypatch):
    monkeypatch.setattr(approximate, "APPROXIMATE_FROM", 10)
    monkeypatch.setattr(approximate, "faiss_installed", lambda: False)
    assert isinstance(neighbour_index(random_distribution(50, 3, 4)), ExactIndex)


def test_without_faiss_the_error_says_how_to_get_it(random_distribution, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(approximate, "faiss_installed", lambda: False)
    with pytest.raises(ConfigError, match="pip install"):
        FaissIndex(random_distribution(50, 3, 4))
    assert approximate.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("option", [["--rows", "2"], ["--k", "0"], ["--queries", "0"], ["--threads", "0"]])
def test_impossible_options_are_one_line(option, tmp_path, capsys):
    assert approximate.main([str(tmp_path), *option]) == 2
    assert "at least" in capsys.readouterr().err


def test_synthesised_vectors_are_distributions_near_real_ones(random_distribution):
    real = random_distribution(40, 3, 4)
    made = synthesise(real, 300, jitter=0.05).reshape(300, 3, 4)
    np.testing.assert_allclose(made.sum(2), 1, atol=1e-5)
    gap = np.abs(made[:, None] - real[None]).max((2, 3)).min(1)
    assert gap.max() < 0.15
    np.testing.assert_array_equal(made.reshape(300, 12), synthesise(real, 300, jitter=0.05))
    np.testing.assert_allclose(
        np.sort(np.unique(synthesise(real, 500, jitter=0).round(4), axis=0)[:, 0]),
        np.sort(np.unique(real.reshape(40, 12).round(4), axis=0)[:, 0]),
        atol=2e-4,
    )


def test_exact_search_recalls_everything(random_distribution):
    vectors, queries = random_distribution(200, 3, 4), random_distribution(10, 3, 4, seed=1)
    exact = ExactIndex(vectors)
    truth = [exact.search(query, 4) for query in queries]
    assert recall_of(exact, truth, queries, 4)["recall"] == 1


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


@needs_faiss
def test_the_command_prints_recall_and_time_as_json(tiny_checkpoint, capsys):
    assert approximate.main([str(tiny_checkpoint), "--rows", "3000", "--queries", "20"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["vectors"] == 3000
    exact, *rest = found["results"]
    assert exact["recall"] == 1
    assert rest[-1]["recall"] >= 0.95
