"""The figures of the paper's tables, to set a network's own beside them.

Costs are in MACs; Table 2 counts two operations per MAC. All figures are the authors': nothing here was measured by
this project.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from den_core.data.tasks import SCENARIOS


@dataclass(frozen=True)
class PaperRow:
    """A system of one of the paper's tables.

    Args:
        scenario: of SCENARIOS.
        method: as the paper calls it.
        accuracies: in percent, by task of the scenario; empty where the paper gives the average alone.
        average: in percent.
        mmacs: per image, millions, of the shared blocks alone; None where the paper has none.
        mparams: millions: of all networks together in Tables 2 and 4, in use on average in Table 5.
        cheaper: FLOPs of the full model ÷ those of the method.
    """

    table: str
    scenario: str
    backbone: str
    method: str
    accuracies: tuple[float, ...]
    average: float
    mmacs: float | None = None
    mparams: float | None = None
    cheaper: float | None = None


def _table_2(backbone: str, method: str, *figures: float) -> PaperRow:
    """Accuracies, average, GFLOPs, millions of parameters."""
    *accuracies, average, gflops, mparams = figures
    return PaperRow("Table 2", "m1", backbone, method, tuple(accuracies), average, 1000 * gflops / 2, mparams)


def _table_3(scenario: str, method: str, average: float, mmacs: float | None = None) -> PaperRow:
    """Table 3 counts MACs."""
    return PaperRow("Table 3", scenario, "SimpleConvNet", method, (), average, mmacs)


def _table_4(method: str, coarse: float, fine: float, mparams: float | None = None, cheaper: float | None = None):
    """The paper's heading says WRN-32-4, its FLOPs are ResNet-42's: only their ratio is kept."""
    average = (coarse + fine) / 2
    return PaperRow("Table 4", "m3", "WRN-32-4", method, (fine, coarse), average, None, mparams, cheaper)


Figures = tuple[float, float | None, float | None]
"Accuracy in percent, millions of parameters, how many times cheaper."


def _table_5(backbone: str, method: str, cifar10: Figures, cifar100: Figures) -> list[PaperRow]:
    pairs = (("c1-cifar10", cifar10), ("c1-cifar100", cifar100))
    return [
        PaperRow("Table 5", name, backbone, method, (accuracy,), accuracy, None, mparams, cheaper)
        for name, (accuracy, mparams, cheaper) in pairs
    ]


PAPER_ROWS: Sequence[PaperRow] = (
    _table_2("ResNet-42", "Baseline, three networks", 75.05, 57.22, 76.25, 69.51, 2.91, 89.4),
    _table_2("ResNet-42", "NestedNet", 74.53, 56.71, 82.54, 71.26, 1.70, 29.8),
    _table_2("ResNet-42", "PackNet*", 72.22, 56.49, 80.78, 69.83, 1.70, 29.8),
    _table_2("ResNet-42", "DEN, rho 1", 74.30, 56.74, 83.90, 71.65, 1.35, 29.8),
    _table_2("ResNet-42", "DEN, rho 0.1", 75.11, 60.21, 87.58, 74.30, 1.61, 29.8),
    _table_2("WRN-32-4", "Baseline, three networks", 75.01, 58.89, 79.88, 71.26, 2.13, 22.0),
    _table_2("WRN-32-4", "NestedNet", 74.09, 57.87, 83.78, 71.91, 1.24, 7.35),
    _table_2("WRN-32-4", "PackNet*", 73.56, 57.17, 84.15, 71.63, 1.24, 7.35),
    _table_2("WRN-32-4", "DEN, rho 1", 75.43, 58.17, 87.54, 73.71, 1.13, 7.35),
    _table_2("WRN-32-4", "DEN, rho 0.1", 75.65, 58.25, 87.56, 73.82, 1.14, 7.35),
    _table_3("m2", "Baseline, one network with a last layer per task", 51.03, 27.4),
    _table_3("m2", "Cross-stitch", 56.03),
    _table_3("m2", "Routing", 58.97),
    _table_3("m2", "DEN_s, rho 1", 60.78, 18.7),
    _table_3("m2", "DEN_s, rho 0.1", 62.62, 19.4),
    _table_3("m2-224", "DEN, rho 1", 63.20),
    _table_3("m2-224", "DEN, rho 0.1", 65.23),
    _table_4("Baseline, two networks", 83.53, 76.32, 14.7, 1.0),
    _table_4("NestedNet", 84.55, 75.84),
    _table_4("PackNet*", 84.53, 75.65),
    _table_4("DEN, rho 1", 84.87, 75.93, None, 1 / 0.47),
    *_table_5("VGG-16", "Baseline", (92.52, 38.9, 1.0), (69.64, None, 1.0)),
    *_table_5("VGG-16", "NestedNet, low", (91.29, 19.4, 2.0), (68.10, None, None)),
    *_table_5("VGG-16", "NestedNet, high", (92.40, None, 1.0), (69.01, None, None)),
    *_table_5("VGG-16", "DEN, rho 0.1", (92.31, 18.5, 2.4), (68.87, 18.9, 1.7)),
    *_table_5("ResNet-18", "N2N", (91.97, 2.12, None), (69.64, 4.76, None)),
    *_table_5("ResNet-34", "N2N", (93.54, 3.87, None), (70.11, 4.25, None)),
    *_table_5("ResNet-50", "Pruning", (94.15, 6.44, None), (74.10, 9.24, None)),
    *_table_5("ResNet-50", "DEN, rho 1", (94.50, 4.25, None), (77.98, 4.67, None)),
    *_table_5("ResNeXt-29 8x64d", "Baseline", (94.61, None, 1.0), (78.73, None, 1.0)),
    *_table_5("ResNeXt-29 8x64d", "NestedNet, low", (93.56, None, None), (74.83, None, None)),
    *_table_5("ResNeXt-29 8x64d", "NestedNet, middle", (93.64, None, None), (74.98, None, None)),
    *_table_5("ResNeXt-29 8x64d", "NestedNet, high", (94.13, None, None), (76.16, None, None)),
    *_table_5("ResNeXt-29 8x64d", "BlockDrop", (93.56, 16.9, 1.2), (78.35, 15.5, 1.4)),
    *_table_5("ResNeXt-29 8x64d", "Random selector", (90.55, 9.8, 2.3), (69.67, None, 2.3)),
    *_table_5("ResNeXt-29 8x64d", "DEN, rho 1", (91.45, 4.1, 5.5), (78.27, 7.3, 3.0)),
    *_table_5("ResNeXt-29 8x64d", "DEN, rho 0.1", (94.61, 8.7, 2.7), (78.68, 13.5, 1.9)),
    *_table_5("ResNeXt-29 4x64d", "Baseline", (94.37, None, 1.0), (77.95, None, 1.0)),
    *_table_5("ResNeXt-29 4x64d", "NestedNet, low", (93.59, None, None), (75.70, None, None)),
    *_table_5("ResNeXt-29 4x64d", "NestedNet, high", (94.11, None, None), (76.36, None, None)),
    *_table_5("ResNeXt-29 4x64d", "BlockDrop", (93.07, None, 1.7), (77.23, None, 1.5)),
    *_table_5("ResNeXt-29 4x64d", "Random selector", (87.33, None, 2.0), (65.44, None, None)),
    *_table_5("ResNeXt-29 4x64d", "DEN, rho 1", (93.38, 5.4, 2.1), (76.71, 5.6, 2.0)),
    *_table_5("ResNeXt-29 4x64d", "DEN, rho 0.1", (94.47, 5.8, 1.9), (77.58, 6.3, 1.8)),
    *_table_5("ResNeXt-29 2x64d", "Baseline", (93.60, None, 1.0), (76.54, None, 1.0)),
)


def beside(tasks: Collection[str]) -> list[PaperRow]:
    """The rows about tasks like these: a scenario that has more than half of them, and they of it.

    So a network that learned Imagenette in place of STL-10 is set beside M1.
    """
    return [row for row in PAPER_ROWS if _alike(set(SCENARIOS[row.scenario]), set(tasks))]


def _alike(theirs: set[str], ours: set[str]) -> bool:
    return 2 * len(theirs & ours) > max(len(theirs), len(ours))


def paper_frame(rows: Sequence[PaperRow]) -> pd.DataFrame:
    """Rows in the columns of `report_table`. Their MACs leave out stem, head and selector, and so have their own."""
    frame = pd.DataFrame(
        [
            {
                "checkpoint": f"the paper, {row.table}",
                "backbone": row.backbone,
                "method": row.method,
                **_by_task(row),
                "average %": row.average,
                "blocks' MMACs": row.mmacs,
                "params (M)": row.mparams,
                "times cheaper": row.cheaper,
            }
            for row in rows
        ]
    )
    costs = ("blocks' MMACs", "params (M)", "times cheaper")
    return frame.astype(dict.fromkeys(costs, float))


def _by_task(row: PaperRow) -> dict[str, float]:
    """Accuracies by their column; none where the paper gives the average alone."""
    if not row.accuracies:
        return {}
    return {f"{task} %": value for task, value in zip(SCENARIOS[row.scenario], row.accuracies, strict=True)}
