"""The search for neighbours, measured against the exact one on vectors like real ones."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from den_core.analysis import approximate
from den_core.analysis.approximate import faiss_installed
from den_core.analysis.neighbours import ExactIndex
from den_core.benchmarks.search import distributions_in, measure, recall_of, synthesise
from den_core.checkpoints.folder import CONFIG
from den_core.cli.main import main
from den_core.errors import ConfigError, DataError

needs_faiss = pytest.mark.skipif(not faiss_installed(), reason="needs the optional package faiss")


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


@pytest.mark.parametrize("wrong", [{"rows": 2}, {"k": 0}, {"queries": 0}, {"threads": 0}], ids=str)
def test_impossible_numbers_are_refused(wrong, random_distribution):
    with pytest.raises(ConfigError, match="expected at least .* found"):
        measure(random_distribution(40, 3, 4), **({"rows": 100} | wrong))


def test_without_faiss_nothing_is_measured(random_distribution, monkeypatch):
    monkeypatch.setattr(approximate, "faiss_installed", lambda: False)
    with pytest.raises(ConfigError, match="pip install"):
        measure(random_distribution(40, 3, 4), 100)


def test_a_checkpoint_without_galleries_is_named(tiny_checkpoint, tmp_path):
    shutil.copy(tiny_checkpoint / CONFIG, tmp_path)
    with pytest.raises(DataError, match=f"den index {tmp_path}"):
        distributions_in(tmp_path)


@needs_faiss
def test_the_command_prints_recall_and_time_as_json(tiny_checkpoint, capsys):
    assert main(["benchmark", "search", str(tiny_checkpoint), "--rows", "3000", "--queries", "20"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["vectors"] == 3000
    exact, *rest = found["results"]
    assert exact["recall"] == 1
    assert rest[-1]["recall"] >= 0.95
