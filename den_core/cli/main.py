"""`python -m den_core VERB`: parses arguments, calls one function, prints. No logic lives here.

Bad input ends with exit code 2 and one line on standard error.
"""

from __future__ import annotations

from typing import Annotated

import tyro

from den_core.cli.benchmark import Benchmark, _benchmark
from den_core.cli.console import exit_code
from den_core.cli.datasets import Datasets, _datasets
from den_core.cli.evaluate import Evaluate, _evaluate
from den_core.cli.export import Export, _export
from den_core.cli.index import Index, _index
from den_core.cli.report import Report, _report
from den_core.cli.sweep import Sweep, _sweep
from den_core.cli.train import Train, _train

Command = (
    Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Index, tyro.conf.subcommand("index")]
    | Annotated[Benchmark, tyro.conf.subcommand("benchmark")]
    | Annotated[Export, tyro.conf.subcommand("export")]
    | Annotated[Datasets, tyro.conf.subcommand("datasets")]
    | Annotated[Report, tyro.conf.subcommand("report")]
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command line. Returns 0, or 2 after a deliberate error; argument errors exit with 2 as well."""
    command = tyro.cli(Command, prog="python -m den_core", args=arguments, config=(tyro.conf.OmitSubcommandPrefixes,))
    return exit_code(lambda: _ACTIONS[type(command)](command))


_ACTIONS = {
    Train: _train,
    Sweep: _sweep,
    Evaluate: _evaluate,
    Index: _index,
    Benchmark: _benchmark,
    Export: _export,
    Datasets: _datasets,
    Report: _report,
}
