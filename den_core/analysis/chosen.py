"""Which structures are chosen, and how often: the paper's Fig. 6a (histogram) and Fig. 7 (most chosen)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from den_core.errors import DataError

TAIL = "other"
"Row name of all structures that have no row of their own."


@dataclass(frozen=True)
class ChosenModels:
    """The structures that a set of images chose."""

    images: int
    distinct: int
    "Different structures among them."
    effective: float
    "exp(H) of their distribution: how many equally used ones would be as diverse; from 1 to `distinct`."
    top: pd.DataFrame
    "rank (from 1), structure, images, share, cumulative; most chosen first, equal counts by key."
    other_structures: int
    "How many structures are not in `top`."
    other_images: int
    "How many images chose one of those."


def _counts(structures: Iterable[str]) -> pd.Series:
    counts = pd.Series(list(structures), dtype="str").value_counts(sort=False).sort_index()
    return counts.sort_values(ascending=False, kind="stable")


def chosen_models(structures: Iterable[str], top: int = 20) -> ChosenModels:
    """Count structures: the `top` most chosen ones one by one, the long tail as a number.

    Raises:
        DataError: no structure at all.
    """
    counts = _counts(structures)
    if counts.empty:
        raise DataError("expected at least one image, found none; write it with `python -m den_core index`")
    total = int(counts.sum())
    share = counts.to_numpy() / total
    head = pd.DataFrame(
        {
            "rank": np.arange(1, len(counts) + 1),
            "structure": counts.index,
            "images": counts.to_numpy(),
            "share": share,
            "cumulative": share.cumsum(),
        }
    ).head(top)
    return ChosenModels(
        images=total,
        distinct=len(counts),
        effective=float(np.exp(-(share * np.log(share)).sum())),
        top=head,
        other_structures=len(counts) - len(head),
        other_images=total - int(head["images"].sum()),
    )


def coverage(structures: Iterable[str], share: float = 0.8) -> int:
    """The smallest number of structures that together serve at least that share of the images."""
    counts = _counts(structures).to_numpy()
    return int(np.searchsorted(counts.cumsum(), share * counts.sum() - 1e-9) + 1) if counts.size else 0


def most_chosen(gallery: pd.DataFrame, top: int = 3, examples: int = 6, seed: int = 0) -> pd.DataFrame:
    """The most chosen structures of a task, each with images that chose it (Fig. 7).

    Args:
        examples: images per structure, a seeded sample: the first ones of a file need not be typical.

    Returns:
        rank, structure, images, share, accuracy (a fraction, of the images that chose it), macs (selector
        included), params, rows (list of gallery positions, rising).
    """
    ranking = chosen_models(gallery["structure"], top).top
    generator = np.random.default_rng(seed)
    structures = gallery["structure"].to_numpy()
    columns = {name: gallery[name].to_numpy() for name in ("correct", "macs", "params")}
    cards = []
    for entry in ranking.itertuples():
        positions = np.flatnonzero(structures == entry.structure)
        sample = generator.choice(positions, size=min(examples, len(positions)), replace=False)
        cards.append(
            {
                "rank": entry.rank,
                "structure": entry.structure,
                "images": entry.images,
                "share": entry.share,
                "accuracy": float(columns["correct"][positions].mean()),
                "macs": int(columns["macs"][positions[0]]),
                "params": int(columns["params"][positions[0]]),
                "rows": [int(row) for row in np.sort(sample)],
            }
        )
    return pd.DataFrame(cards)


def count_by_task(structures: Mapping[str, Iterable[str]], ranking: Sequence[str]) -> pd.DataFrame:
    """How many images of every task chose the structures of a ranking, and how many any other.

    Args:
        structures: the chosen structures by task.
        ranking: the structures that get a row of their own, in this order.

    Returns:
        int64, rows `ranking` and then TAIL where any image chose another structure; columns tasks.
    """
    counts = pd.DataFrame({task: _counts(keys) for task, keys in structures.items()})
    counts = counts.fillna(0).astype("int64")
    table = counts.reindex(list(ranking), fill_value=0)
    tail = counts.drop(index=[key for key in ranking if key in counts.index]).sum()
    if int(tail.sum()):
        table.loc[TAIL] = tail
    return table
