"""Two images that show what an elastic network does, found by a rule and not by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from den_core.errors import DataError

if TYPE_CHECKING:
    from den_core.checkpoints.gallery import Gallery


@dataclass(frozen=True)
class Contrast:
    """Two images of one task, by their position in its gallery."""

    task: str
    cheap: int
    "Gets the cheapest structure of all correctly answered images; of several, its answer is the most confident."
    expensive: int
    "The same for the most expensive structure."


def contrast(galleries: Mapping[str, Gallery]) -> Contrast:
    """The correctly answered images with the least and with the most MACs, in the task where these differ most.

    Only images that the estimator runs count, and where no answer of a task is right, all of these. Of equally cheap
    images the one with the most confident answer is taken, then the first.

    Raises:
        DataError: no gallery has such an image.
    """
    found: list[tuple[int, Contrast]] = []
    for task, gallery in galleries.items():
        frame = gallery.frame
        run = ~gallery.early
        right = np.flatnonzero(frame["correct"].to_numpy() & run)
        rows = right if len(right) else np.flatnonzero(run)
        if not len(rows):
            continue
        macs, confidence = frame["macs"].to_numpy()[rows], frame["confidence"].to_numpy()[rows]
        cheap = rows[np.lexsort((-confidence, macs))[0]]
        expensive = rows[np.lexsort((-confidence, -macs))[0]]
        found.append((int(macs.max() - macs.min()), Contrast(task, int(cheap), int(expensive))))
    if not found:
        raise DataError(
            "expected at least one image that the estimator runs, found none; write galleries with `den index`"
        )
    return max(found, key=lambda pair: pair[0])[1]
