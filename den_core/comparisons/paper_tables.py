"""Tables 2 to 5 of the paper, with what was measured here on the same or like tasks under their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from den_core.comparisons.options import Options, read_options
from den_core.comparisons.table import read_table
from den_core.errors import CheckpointError
from den_core.evaluation.paper_results import PAPER_ROWS, paper_frame

HEADINGS = {
    "Table 2": "Table 2: tasks of several image sizes (M1)",
    "Table 3": "Table 3: ten tasks of five labels (M2), SimpleConvNet",
    "Table 4": "Table 4: coarse and fine labels of one image (M3)",
    "Table 5": "Table 5: one task (C1)",
}
SCENARIOS = {
    "Table 2": ("m1", "m1-imagenette", "m1-32", "m1-few-50", "m1-few-500", "open3"),
    "Table 3": ("m2", "m2-224", "m2-tiny", "cifar100-20x5"),
    "Table 4": ("m3",),
    "Table 5": ("c1-cifar10", "c1-cifar100", "digits"),
}
"Which comparisons belong to which table: of the paper's tasks, or of tasks that are like them."


def paper_tables(folders: Sequence[Path]) -> dict[str, pd.DataFrame]:
    """By heading, the paper's rows and below them ours.

    Args:
        folders: of comparisons, as `den compare` writes them.

    Returns:
        Tables with the columns of `evaluation.report.report_table`; ours say scenario, steps and seeds in the first
        one. The paper counts the MACs of the shared blocks, ours are of everything that runs.

    Raises:
        CheckpointError: a folder is not one of comparisons.
    """
    ours = [(read_options(folder), read_table(folder)) for folder in folders]
    for folder, (options, _) in zip(folders, ours, strict=True):
        if not any(options.scenario in names for names in SCENARIOS.values()):
            raise CheckpointError(f"{folder}: expected a scenario like one of the paper's, found {options.scenario}")
    found = {}
    for name, heading in HEADINGS.items():
        frames = [paper_frame([row for row in PAPER_ROWS if row.table == name])]
        frames += [_ours(*part) for part in ours if part[0].scenario in SCENARIOS[name]]
        frame = pd.concat(frames, ignore_index=True).dropna(axis=1, how="all")
        tasks = [column for column in frame if column.endswith(" %") and column != "average %"]
        found[heading] = frame if len(frame.columns) < 15 else frame.drop(columns=tasks)
    return found


def _ours(options: Options, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a comparison in the columns of the paper's."""
    after = list(frame.columns).index("seeds") + 1
    tasks = {f"{task} %": frame[task] for task in frame.columns[after:]}
    full = frame.loc[frame["method"].isin(["shared", "separate"]), "mmacs"].max()
    return pd.DataFrame(
        {
            "checkpoint": f"ours, {options.scenario}, {options.steps:,} steps, "
            + frame["seeds"].astype(int).map(lambda count: "1 seed" if count == 1 else f"{count} seeds"),
            "backbone": options.backbone,
            "method": frame["title"],
            **tasks,
            "average %": frame["accuracy"],
            "MMACs": frame["mmacs"],
            "params (M)": frame["weights_m"],
            "times cheaper": full / frame["mmacs"],
            "image runs (k)": frame["image_runs_k"],
        }
    )
