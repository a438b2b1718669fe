"""How fast the most chosen structures cover the images."""

from __future__ import annotations

import pandas as pd

from app import widgets
from app.style import task_colors
from app.views.chosen_models import charts
from den_core.analysis.chosen import covering, rank_frequency
from den_core.structure_keys import is_early

SHARE = 0.8
"Of the images, that the structures are said to cover."


def show(table: pd.DataFrame, tasks: list[str], titles: dict[str, str]) -> None:
    """One curve per task, and one for all of them."""
    ranks = {task: rank_frequency(table[f"images:{task}"][table[f"images:{task}"] > 0]) for task in tasks}
    names = dict(titles)
    if len(tasks) > 1:
        ranks[widgets.ALL_TASKS] = rank_frequency(table["images"])
        names[widgets.ALL_TASKS] = "All tasks"
    parts = []
    for task, rank in ranks.items():
        needed = covering(rank["images"].to_numpy(), SHARE)
        verb = "structure covers" if needed == 1 else "structures cover"
        parts.append(f"{widgets.literal(names[task])}: {needed:,} {verb} {100 * SHARE:.0f} % of the images")
    widgets.chart(
        charts.coverage_curves(ranks, task_colors(list(titles)), names, SHARE),
        key="chosen_coverage",
        alt="Share of the images that the most chosen structures serve together, and each of them alone",
        data=pd.concat([rank.assign(scope=task) for task, rank in ranks.items()]),
        name="coverage",
        caption=(
            f"**{'; '.join(parts)}.** Left: how many images the first 1, 2, 3 … structures serve together; the dotted "
            f"line is {100 * SHARE:.0f} %. Right: the share of each structure alone. The sooner the left curves reach "
            "the top, the fewer different models are really in use. Both axes of ranks are logarithmic."
            + (" An early answer counts as a structure." if table["structure"].map(is_early).any() else "")
        ),
    )
