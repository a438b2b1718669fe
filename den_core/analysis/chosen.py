"""Which structures are chosen, and how often: the paper's Fig. 6a (histogram) and Fig. 7 (most chosen)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from den_core.errors import DataError
from den_core.evaluation.intervals import wilson

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery

TAIL = "other"
"Row name of all structures that have no row of their own."


def _no_images() -> DataError:
    return DataError("expected at least one image, found none; write it with `den index`")


def effective_number(counts: np.ndarray) -> float:
    """exp of the entropy of counts: how many equally frequent ones would be as diverse; 0 of nothing."""
    counts = np.asarray(counts, dtype=np.float64)
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(np.exp(-(share * np.log(share)).sum())) if share.size else 0.0


def rank_frequency(counts: Sequence[int] | np.ndarray) -> pd.DataFrame:
    """Counts from the largest to the smallest, with the share that the first ones cover together.

    Returns:
        rank (from 1), images, share, cumulative (fractions; the last is 1).
    """
    images = np.sort(np.asarray(counts, dtype=np.int64))[::-1]
    share = images / max(images.sum(), 1)
    # Sums of whole numbers, so that the last one is exactly 1.
    cumulative = images.cumsum() / max(images.sum(), 1)
    return pd.DataFrame(
        {"rank": np.arange(1, len(images) + 1), "images": images, "share": share, "cumulative": cumulative}
    )


def covering(counts: np.ndarray, share: float = 0.8) -> int:
    """The smallest number of counts that together make up at least that share of their sum."""
    counts = np.sort(np.asarray(counts))[::-1]
    return int(np.searchsorted(counts.cumsum(), share * counts.sum() - 1e-9) + 1) if counts.size else 0


def structures_in_use(gallery: Gallery) -> pd.DataFrame:
    """Every structure that an image of a task chose; an early answer is one of its own, `structure_keys.early_key`.

    Returns:
        rank (from 1), structure, images, share, accuracy (of the images that chose it), low, high (its 95 %
        interval), confidence (mean), macs (selector included), params; most chosen first, equal counts by key.

    Raises:
        DataError: a gallery without images.
    """
    if not len(gallery):
        raise _no_images()
    frame = gallery.frame
    codes, keys = pd.factorize(frame["structure"], sort=True)
    count = np.bincount(codes, minlength=len(keys))
    right = np.bincount(codes, weights=frame["correct"].to_numpy(), minlength=len(keys))
    confidence = np.bincount(codes, weights=frame["confidence"].to_numpy(), minlength=len(keys))
    member = np.empty(len(keys), dtype=np.int64)
    member[codes] = np.arange(len(codes))
    low, high = wilson(right, count)
    table = pd.DataFrame(
        {
            "structure": np.asarray(keys),
            "images": count,
            "share": count / count.sum(),
            "accuracy": right / count,
            "low": low,
            "high": high,
            "confidence": confidence / count,
            # A structure costs every image of the task the same, so any member tells the cost.
            "macs": frame["macs"].to_numpy()[member],
            "params": frame["params"].to_numpy()[member],
        }
    )
    order = np.argsort(-count, kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def structures_of_tasks(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The structures of several tasks as one ranking, every image counting the same.

    Args:
        tables: by task, as `structures_in_use` returns them.

    Returns:
        rank, structure, images, share, cumulative, accuracy, low, high over all of these tasks, and for every task
        T the columns (images:T, accuracy:T, macs:T); no image of the task gives 0 images and nan else, because the
        cost of a structure differs between tasks by their stems and heads.

    Raises:
        DataError: no task.
    """
    if not tables:
        raise _no_images()
    parts: dict[str, pd.Series] = {}
    for task, table in tables.items():
        part = table.set_index("structure")[["images", "accuracy", "macs"]]
        parts |= {f"{name}:{task}": part[name] for name in part}
    joined = pd.DataFrame(parts).sort_index()
    images, right = np.zeros(len(joined), dtype=np.int64), np.zeros(len(joined))
    for task in tables:
        joined[f"images:{task}"] = joined[f"images:{task}"].fillna(0).astype(np.int64)
        images += joined[f"images:{task}"].to_numpy()
        right += (joined[f"accuracy:{task}"].fillna(0) * joined[f"images:{task}"]).to_numpy()
    right = right.round()  # a share times its count is a whole number but for rounding
    low, high = wilson(right, images)
    total = pd.DataFrame(
        {"images": images, "share": images / images.sum(), "accuracy": right / images, "low": low, "high": high},
        index=joined.index,
    )
    table = pd.concat([total, joined], axis=1).sort_values("images", ascending=False, kind="stable")
    table = table.rename_axis("structure").reset_index()
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table.insert(4, "cumulative", table["images"].cumsum() / table["images"].sum())
    return table


def head_and_tail(table: pd.DataFrame, tasks: Sequence[str], top: int) -> pd.DataFrame:
    """Images of every task per structure, the first `top` of a ranking one by one and the others as one row.

    Args:
        table: as `structures_of_tasks` returns it.

    Returns:
        int64, rows structures and then TAIL where there are more than `top`; columns tasks.
    """
    counts = table.set_index("structure")[[f"images:{task}" for task in tasks]].set_axis(list(tasks), axis=1)
    head = counts.head(top).copy()
    if len(counts) > top:
        head.loc[TAIL] = counts.iloc[top:].sum()
    return head


def most_chosen(gallery: Gallery, top: int = 3, examples: int = 6, seed: int = 0) -> pd.DataFrame:
    """The most chosen structures of a task, each with images that chose it (Fig. 7).

    Args:
        examples: images per structure, a seeded sample: the first ones of a file need not be typical.

    Returns:
        The columns of `structures_in_use`, and rows (list of gallery positions, rising).
    """
    table = structures_in_use(gallery).head(top)
    structures = gallery.frame["structure"].to_numpy()
    generator = np.random.default_rng(seed)
    rows = []
    for structure in table["structure"]:
        positions = np.flatnonzero(structures == structure)
        sample = generator.choice(positions, size=min(examples, len(positions)), replace=False)
        rows.append([int(row) for row in np.sort(sample)])
    return table.assign(rows=rows)
