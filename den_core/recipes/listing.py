"""Which recipes there are. No data set is looked for."""

from __future__ import annotations

import pandas as pd

from den_core.errors import ConfigError, did_you_mean
from den_core.recipes import ROWS


def list_recipes(text: str = "") -> pd.DataFrame:
    """A row per recipe: name, scenario, backbone, description.

    Args:
        text: only those that have it in one of the four; upper and lower case are the same.

    Raises:
        ConfigError: none has it; similar names are given.
    """
    rows = [(name, row.scenario, row.backbone, row.description) for name, row in ROWS.items()]
    found = [row for row in rows if any(text.lower() in part.lower() for part in row)]
    if not found:
        hint = did_you_mean(text, ROWS) or "`den recipes` lists all"
        raise ConfigError(f"expected a recipe with {text!r} in its line, found none of {len(rows)}; {hint}")
    return pd.DataFrame(found, columns=["name", "scenario", "backbone", "description"])
