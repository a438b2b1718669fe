"""The figures of the paper's tables, to set a network's own beside them.

Costs are in MACs; Table 2 counts two operations per MAC. Accuracies are the authors';
nothing here was measured by this project.
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
        mmacs: per image, millions; None where the paper has none.
    """

    table: str
    scenario: str
    backbone: str
    method: str
    accuracies: tuple[float, ...]
    average: float
    mmacs: float | None = None


def _table_2(backbone: str, method: str, *figures: float) -> PaperRow:
    *accuracies, average, gflops = figures
    return PaperRow("Table 2", "m1", backbone, method, tuple(accuracies), average, 1000 * gflops / 2)


def _one_average(scenario: str, backbone: str, method: str, average: float) -> PaperRow:
    return PaperRow("Table 3", scenario, backbone, method, (), average)


def _table_4(method: str, coarse: float, fine: float) -> PaperRow:
    return PaperRow("Table 4", "m3", "WRN-32-4", method, (fine, coarse), (coarse + fine) / 2)


def _table_5(backbone: str, method: str, cifar10: float, cifar100: float) -> list[PaperRow]:
    pairs = (("c1-cifar10", cifar10), ("c1-cifar100", cifar100))
    return [PaperRow("Table 5", name, backbone, method, (value,), value) for name, value in pairs]


PAPER_ROWS: Sequence[PaperRow] = (
    _table_2("ResNet-42", "Baseline, three networks", 75.05, 57.22, 76.25, 69.51, 2.91),
    _table_2("ResNet-42", "NestedNet", 74.53, 56.71, 82.54, 71.26, 1.70),
    _table_2("ResNet-42", "PackNet*", 72.22, 56.49, 80.78, 69.83, 1.70),
    _table_2("ResNet-42", "DEN, rho 1", 74.30, 56.74, 83.90, 71.65, 1.35),
    _table_2("ResNet-42", "DEN, rho 0.1", 75.11, 60.21, 87.58, 74.30, 1.61),
    _table_2("WRN-32-4", "Baseline, three networks", 75.01, 58.89, 79.88, 71.26, 2.13),
    _table_2("WRN-32-4", "NestedNet", 74.09, 57.87, 83.78, 71.91, 1.24),
    _table_2("WRN-32-4", "PackNet*", 73.56, 57.17, 84.15, 71.63, 1.24),
    _table_2("WRN-32-4", "DEN, rho 1", 75.43, 58.17, 87.54, 73.71, 1.13),
    _table_2("WRN-32-4", "DEN, rho 0.1", 75.65, 58.25, 87.56, 73.82, 1.14),
    _one_average("m2", "SimpleConvNet", "Baseline, ten networks", 51.03),
    _one_average("m2", "SimpleConvNet", "Cross-stitch", 56.03),
    _one_average("m2", "SimpleConvNet", "Routing", 58.97),
    _one_average("m2", "SimpleConvNet", "DEN_s, rho 1", 60.78),
    _one_average("m2", "SimpleConvNet", "DEN_s, rho 0.1", 62.62),
    _one_average("m2-224", "SimpleConvNet", "DEN, rho 1", 63.20),
    _one_average("m2-224", "SimpleConvNet", "DEN, rho 0.1", 65.23),
    _table_4("Baseline, two networks", 83.53, 76.32),
    _table_4("NestedNet", 84.55, 75.84),
    _table_4("PackNet*", 84.53, 75.65),
    _table_4("DEN, rho 1", 84.87, 75.93),
    *_table_5("VGG-16", "Baseline", 92.52, 69.64),
    *_table_5("VGG-16", "NestedNet, high", 92.40, 69.01),
    *_table_5("VGG-16", "DEN, rho 0.1", 92.31, 68.87),
    *_table_5("ResNet-50", "Pruning", 94.15, 74.10),
    *_table_5("ResNet-50", "DEN, rho 1", 94.50, 77.98),
    *_table_5("ResNeXt-29 8x64d", "Baseline", 94.61, 78.73),
    *_table_5("ResNeXt-29 8x64d", "NestedNet, high", 94.13, 76.16),
    *_table_5("ResNeXt-29 8x64d", "BlockDrop", 93.56, 78.35),
    *_table_5("ResNeXt-29 8x64d", "Random selector", 90.55, 69.67),
    *_table_5("ResNeXt-29 8x64d", "DEN, rho 1", 91.45, 78.27),
    *_table_5("ResNeXt-29 8x64d", "DEN, rho 0.1", 94.61, 78.68),
    *_table_5("ResNeXt-29 4x64d", "Baseline", 94.37, 77.95),
    *_table_5("ResNeXt-29 4x64d", "NestedNet, high", 94.11, 76.36),
    *_table_5("ResNeXt-29 4x64d", "BlockDrop", 93.07, 77.23),
    *_table_5("ResNeXt-29 4x64d", "Random selector", 87.33, 65.44),
    *_table_5("ResNeXt-29 4x64d", "DEN, rho 1", 93.38, 76.71),
    *_table_5("ResNeXt-29 4x64d", "DEN, rho 0.1", 94.47, 77.58),
    *_table_5("ResNeXt-29 2x64d", "Baseline", 93.60, 76.54),
)


def beside(tasks: Collection[str]) -> list[PaperRow]:
    """The rows about tasks like these: a scenario that has more than half of them, and they of it.

    So a network that learned Imagenette in place of STL-10 is set beside M1.
    """
    return [row for row in PAPER_ROWS if _alike(set(SCENARIOS[row.scenario]), set(tasks))]


def _alike(theirs: set[str], ours: set[str]) -> bool:
    return 2 * len(theirs & ours) > max(len(theirs), len(ours))


def paper_frame(rows: Sequence[PaperRow]) -> pd.DataFrame:
    """Rows in the columns of `report_table`, averages over tasks included."""
    return pd.DataFrame(
        [
            {
                "checkpoint": f"the paper, {row.table}",
                "backbone": row.backbone,
                "method": row.method,
                **_by_task(row),
                "average %": row.average,
                "MMACs": row.mmacs,
            }
            for row in rows
        ]
    )


def _by_task(row: PaperRow) -> dict[str, float]:
    """Accuracies by their column; none where the paper gives the average alone."""
    if not row.accuracies:
        return {}
    return {f"{task} %": value for task, value in zip(SCENARIOS[row.scenario], row.accuracies, strict=True)}
