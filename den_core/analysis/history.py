"""history.csv for people: the turns of Algorithm 1, and validation accuracy by task."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from den_core.errors import CheckpointError

REQUIRED = ("step", "round", "network", "images_seen", "learning_rate", "loss", "accuracy", "seconds")


@dataclass(frozen=True)
class Turn:
    """A turn of one of the two networks, while the other stands still (Algorithm 1)."""

    network: str
    "estimator or selector."
    round: int
    start: int
    "Images seen before it."
    end: int
    seconds: float
    "How long it took."


def check_history(history: pd.DataFrame) -> pd.DataFrame:
    """The same history, if it has the columns that a history must have.

    Raises:
        CheckpointError: a column is missing, or holds what is no number.
    """
    missing = [name for name in REQUIRED if name not in history]
    if missing:
        raise CheckpointError(f"history.csv: expected a column {missing[0]}, found {', '.join(map(str, history))}")
    for name in REQUIRED:
        if len(history) and name != "network" and not pd.api.types.is_numeric_dtype(history[name]):
            raise CheckpointError(f"history.csv: expected numbers in {name}, found {history[name].iloc[0]!r}")
    return history


def turns(history: pd.DataFrame) -> list[Turn]:
    """The turns of a run in their order, each from the end of the one before; none where there is no row yet."""
    if history.empty:
        return []
    number = (history[["network", "round"]] != history[["network", "round"]].shift()).any(axis=1).cumsum()
    found, start, clock = [], 0, 0.0
    for _, part in history.groupby(number, sort=False):
        last = part.iloc[-1]
        end, seconds = int(last["images_seen"]), float(last["seconds"])
        found.append(Turn(str(last["network"]), int(last["round"]), start, end, seconds - clock))
        start, clock = end, seconds
    return found


def validation_by_task(history: pd.DataFrame) -> pd.DataFrame:
    """Validation accuracy by task, fractions: images_seen and one column per task, in the order of the file.

    Raises:
        CheckpointError: an entry that is not written as task=0.5, separated by spaces.
    """
    if "validation_by_task" not in history:
        return history[["images_seen"]].copy()
    rows = []
    for seen, text in zip(history["images_seen"], history["validation_by_task"].fillna(""), strict=True):
        try:
            values = {task: float(value) for task, _, value in (part.rpartition("=") for part in str(text).split())}
        except ValueError as error:
            raise CheckpointError(
                f"history.csv: expected validation_by_task such as 'fashion=0.68 emoji=0.30', found {text!r}"
            ) from error
        rows.append({"images_seen": seen} | values)
    return pd.DataFrame(rows)
