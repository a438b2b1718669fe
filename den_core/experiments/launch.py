"""Where the runs of a sweep happen: here, one after the other, or wherever submitit brings them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from den_core.errors import ConfigError, TrainingError
from den_core.experiments.sweep import Run, perform


def launch(runs: Sequence[Run], launcher: str, out: Path, jobs: int = 4, minutes: int = 720) -> None:
    """Perform all runs that are not done yet, and wait for them.

    Args:
        launcher: "here", or what submitit calls a cluster: "slurm", "local" (processes of this machine), "debug".
        jobs: at most so many Slurm jobs at once.
        minutes: time limit of a job.

    Raises:
        ConfigError: submitit is not installed, or there is no Slurm.
        TrainingError: a job failed; its log is named. The others are finished before.
    """
    console = Console(stderr=True)
    waiting = [run for run in runs if not run.done]
    console.print(f"{len(runs)} runs, {len(runs) - len(waiting)} of them done already")
    if launcher == "here":
        for number, run in enumerate(waiting, start=1):
            console.print(f"{number} of {len(waiting)}: {run.folder}")
            perform(run)
        return
    executor = _executor(launcher, out / "jobs", jobs, minutes)
    with executor.batch():
        submitted = [executor.submit(perform, run) for run in waiting]
    failed = [job for job in submitted if job.exception() is not None]
    if failed:
        raise TrainingError(
            f"expected {len(submitted)} jobs to end well, found {len(failed)} that did not, the first in "
            f"{failed[0].paths.stderr}; give the command again to go on"
        )


def _executor(cluster: str, folder: Path, jobs: int, minutes: int):
    try:
        import submitit
    except ImportError as error:
        raise ConfigError(
            f'expected submitit for --launcher {cluster}, found none; pip install "deep-elastic-networks[cluster]"'
        ) from error
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
    except RuntimeError as error:
        raise ConfigError(f"expected {cluster} on this machine, found none: {error}") from error
    executor.update_parameters(timeout_min=minutes, name="den")
    if cluster == "slurm":
        executor.update_parameters(slurm_array_parallelism=jobs, gpus_per_node=1, cpus_per_task=8)
    return executor
