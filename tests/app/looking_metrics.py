"""Hand-made metrics with everything that the page Does looking at the image pay? can show, and readers of the page."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from app.views.looking.verdict import sentences

TASKS = {"fashion": "Fashion", "emoji": "Emoji", "clipart": "Clip art"}
NAMES = (*TASKS, "average")


def differences(value: float, reach: float) -> dict:
    """A gain or lead of all tasks, with intervals of that reach to both sides."""
    values = {"tasks": dict.fromkeys(TASKS, value), "average": value}
    values |= {f"class_{name}": part for name, part in values.items()}
    return values | {"intervals": {name: [value - reach, value + reach] for name in NAMES}}


def curve_row(weight: float, macs: float) -> dict:
    """A row of by_cost_weight."""
    values = {"own": 0.6, "permuted": 0.58, "static": 0.59, "mean_macs": macs, "static_macs": macs}
    values |= {"gain": [0.02, 0.01, 0.03], "lead": [0.01, -0.01, 0.03]}
    tasks = {task: values | {"distinct": 5, "top_share": 0.4} for task in TASKS}
    return {"cost_weight": weight, "tasks": tasks, "average": values}


def new_fields() -> dict:
    """Everything that the page can show, hand-made."""
    seed = {"chosen": 0.6, "permuted": 0.58, "static": 0.59, "random": 0.5, "full": 0.61, "mean_macs": 4e6}
    return {
        "instance_gain": differences(0.02, 0.01),
        "static_lead": differences(0.01, 0.02),
        "choice": {"tasks": dict.fromkeys(TASKS, {"distinct": 5, "top_share": 0.4, "normalised_entropy": 0.321})},
        "by_cost_weight": [curve_row(3.0, 2e6), curve_row(0.0, 4e6), curve_row(-3.0, 8e6)],
        "rho_sweep": [{"rho": rho, "accuracy": 0.6, "share": 0.4, "distinct_per_600": 30} for rho in (0.1, 1)],
        "rho_sweep_split": "validation",
        "rho_sweep_estimator": "before its last turn",
        "seeds": [seed | {"seed": seed_, "gain": 0.02, "lead": 0.01} for seed_ in (0, 1)],
    }


def texts(app: AppTest) -> str:
    """All text and all captions of a page."""
    return "\n".join(text.value for text in (*app.markdown, *app.caption))


def table(app: AppTest, column: str) -> list[str]:
    """A column of the first table that has it."""
    return next(list(table.value[column]) for table in app.table if column in table.value.columns)


def verdict(gain: tuple, lead: tuple | None, titles: dict | None = None, twin: tuple | None = None) -> str:
    """The sentences for differences of (value, low, high), the same for every task."""
    titles = titles or {"toy": "Toy", "wide": "Wide"}
    kinds = {"gain": gain, "lead": lead, "twin": twin}
    kinds = {kind: ends for kind, ends in kinds.items() if ends is not None}
    rows = [[kind, task, *ends] for kind, ends in kinds.items() for task in (*titles, "average")]
    return " ".join(sentences(pd.DataFrame(rows, columns=["kind", "task", "value", "low", "high"]), titles))
