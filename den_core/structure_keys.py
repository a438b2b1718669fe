"""Structures as text, one digit per block, block 0 first: "330120". So galleries, tables and URLs name them (h <= 10).

The one place that turns levels into text and back, without torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from den_core.errors import StructureError

NO_BLOCK = "-"
"Stands for every block in the key of an early answer: the estimator did not run."


def structure_key(levels: Iterable[Any]) -> str:
    """The text of one structure of levels, (n,): of whole numbers, an array or a tensor."""
    return "".join(str(int(level)) for level in levels)


def early_key(num_blocks: int) -> str:
    """The key of an early answer, as long as those of structures."""
    return NO_BLOCK * num_blocks


def is_early(key: str) -> bool:
    """Whether a key is that of an early answer."""
    return bool(key) and not key.strip(NO_BLOCK)


def structure_name(key: str) -> str:
    """A key as people read it."""
    return "answered early" if is_early(key) else key


def what_ran(key: str) -> str:
    """The same inside a sentence."""
    return structure_name(key) if is_early(key) else f"structure {key}"


def drawn_levels(keys: Iterable[str], num_blocks: int) -> np.ndarray:
    """The levels that keys stand for, to be drawn: float64 (N, num_blocks), nan where an answer is early."""
    found = [np.full(num_blocks, np.nan) if is_early(key) else structure_levels([key], num_blocks)[0] for key in keys]
    return np.array(found, dtype=np.float64).reshape(-1, num_blocks)


def structure_keys(levels: np.ndarray) -> np.ndarray:
    """The texts of structures, (N,), of levels (N, n)."""
    if not len(levels):
        return np.array([], dtype=str)
    digits = np.ascontiguousarray(levels.astype(np.uint8) + ord("0"))
    return digits.view(f"S{levels.shape[1]}").ravel().astype(str)


def structure_levels(keys: Iterable[str], num_blocks: int, num_levels: int = 10) -> np.ndarray:
    """The levels that texts stand for.

    Args:
        keys: one digit per block each.
        num_blocks: digits that every text must have.
        num_levels: every level is below it.

    Returns:
        uint8, (N, num_blocks).

    Raises:
        StructureError: a text of another length, with a character that is no digit, or with a level out of range.
    """
    keys = list(keys)
    for key in keys:
        if len(key) != num_blocks or not (key.isascii() and key.isdigit()):
            raise StructureError(f"expected {num_blocks} digits, one level per block, found {key!r}")
    text = np.frombuffer("".join(keys).encode("ascii"), dtype=np.uint8)
    levels = (text - ord("0")).reshape(len(keys), num_blocks)
    if (levels >= num_levels).any():
        row, block = np.argwhere(levels >= num_levels)[0]
        raise StructureError(
            f"expected levels 0 to {num_levels - 1}, found {levels[row, block]} in block {block} of {keys[row]!r}"
        )
    return levels
