"""The shipped comparisons: networks answer as the figures beside them say."""

from __future__ import annotations

from pathlib import Path

import pytest

from den_core.comparisons import METHODS
from den_core.comparisons.comparison import Comparison
from den_core.comparisons.measured import read_measured
from den_core.comparisons.options import read_options
from den_core.comparisons.table import read_table
from den_core.evaluation.measuring import decided, logits
from den_core.evaluation.sets import test_sets
from den_core.inference.network import load

ROOT = Path(__file__).resolve().parents[2] / "checkpoints" / "comparisons"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/options.json"))
IMAGES = 40


def comparison_of(folder: Path) -> Comparison:
    options = read_options(folder)
    return Comparison(
        scenario=options.scenario, recipe=options.recipe, out=folder, backbone=options.backbone, steps=options.steps,
        share=options.share, rate=options.rate, limit=options.limit,
    )  # fmt: skip


FIGURES = [
    pytest.param(folder, *path.name.removesuffix(".test.json").rsplit("-seed", 1), id=f"{folder.name}-{path.stem}")
    for folder in FOLDERS
    for path in sorted(folder.glob("*.test.json"))
]


@pytest.mark.parametrize("folder, method, seed", FIGURES)
def test_networks_answer_as_the_figures_say(folder, method, seed):
    comparison = comparison_of(folder)
    if comparison.scenario != "open3":
        pytest.skip("needs a set that is not shipped")
    if method == "den":
        pytest.skip("its early answers are fitted on thousands of images; den-late is the same network without them")
    networks = comparison.networks(method, int(seed))
    if not all((path / "config.json").is_file() for path in networks):
        pytest.skip("its networks are not shipped")
    expected = read_measured(folder / f"{method}-seed{seed}.test.json")
    for path in networks:
        net = load(path)
        policy = METHODS[method].policy(net)
        for task, data in test_sets(net, IMAGES, progress=False).items():
            right = logits(net, data, decided(net, data, policy).structure).argmax(1) == data.labels

            # another processor may round one answer to the other side
            assert int((right.numpy() != expected.hits(task)[:IMAGES]).sum()) <= 1


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_table_is_that_of_the_figures(folder):
    frame = read_table(folder).set_index("method")
    measured = [read_measured(path) for path in sorted(folder.glob("*.test.json"))]

    assert set(frame.index) == {part.method for part in measured}
    for method, row in frame.iterrows():
        accuracies = [100 * part.mean("accuracy") for part in measured if part.method == method]
        assert row["accuracy"] == pytest.approx(sum(accuracies) / len(accuracies))
        assert row["seeds"] == len(accuracies)
