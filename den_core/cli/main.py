"""`den VERB`: the verbs there are. Parsing, calling and printing only: what they do stands in the other rooms."""

from __future__ import annotations

from collections.abc import Sequence

from den_core.cli.app import App
from den_core.cli.benchmark import Inference, Search, Training
from den_core.cli.compare import Compare
from den_core.cli.datasets import Datasets
from den_core.cli.elastic import Elastic
from den_core.cli.evaluate import Evaluate
from den_core.cli.export import Export
from den_core.cli.index import Index
from den_core.cli.parsing import Group, command_line
from den_core.cli.recipes import Recipes
from den_core.cli.report import Report
from den_core.cli.studies import CompareEstimators, CompareSelectors, CompareSortings, Seeds, SweepRho, Twin
from den_core.cli.sweep import Sweep
from den_core.cli.train import Train

BENCHMARKS = Group(
    "Time inference, training, or the search for neighbours.",
    {"inference": Inference, "training": Training, "search": Search},
    usual="inference",
)
STUDIES = Group(
    "Many runs, or many settings, and what they show together.",
    {
        "compare-estimators": CompareEstimators,
        "compare-selectors": CompareSelectors,
        "compare-sortings": CompareSortings,
        "sweep-rho": SweepRho,
        "seeds": Seeds,
        "twin": Twin,
    },
)
VERBS = Group(
    "Deep elastic networks: one network that chooses, per image, how much of itself to use.",
    {
        "recipes": Recipes,
        "train": Train,
        "elastic": Elastic,
        "sweep": Sweep,
        "compare": Compare,
        "evaluate": Evaluate,
        "index": Index,
        "benchmark": BENCHMARKS,
        "export": Export,
        "datasets": Datasets,
        "report": Report,
        "study": STUDIES,
        "app": App,
    },
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line. Returns 0; 2 after bad input, which one line on standard error names; 130 after Ctrl-C."""
    return command_line(VERBS, "den", arguments)
