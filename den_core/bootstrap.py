"""95 % intervals of a mean difference between two measurements of the same images, by resampling the images."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

RESAMPLES = 2000
LIMITS = (0.025, 0.975)


def bootstrap_means(differences: np.ndarray, resamples: int, seed: int | list[int]) -> np.ndarray:
    """The mean of every resample of N images, drawn with replacement: float64, (resamples,).

    How often each value is drawn is multinomial, so that a resample costs as much as there are different values.

    Args:
        differences: per image, (N,), N >= 1; few different values, such as -1, 0 and 1.
    """
    values, counts = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=resamples)
    return drawn @ values / counts.sum()


def paired_intervals(
    differences: Mapping[str, np.ndarray], seed: int, resamples: int = RESAMPLES
) -> dict[str, list[float]]:
    """Percentile intervals [low, high] of the mean difference by task, and of the tasks' mean as "average".

    Every task's images are resampled on their own; the average's resamples are the mean of the tasks'.
    """
    means = {
        name: bootstrap_means(values, resamples, [seed, zlib.crc32(name.encode())])
        for name, values in differences.items()
    }
    means["average"] = np.mean(list(means.values()), axis=0)
    return {name: [float(limit) for limit in np.quantile(values, LIMITS)] for name, values in means.items()}
