"""95 % intervals of shares and of differences between shares: what a number from a few images is worth."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from den_core.checkpoints.metrics import AVERAGE

Z = 1.959963984540054
"Quantile of the normal distribution that leaves 2.5 % on either side."


def wilson(hits: np.ndarray | float, images: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's 95 % interval of a share: it stays within [0, 1] and is not empty at 0 of n or n of n.

    Args:
        hits: how many images count, 0 … images; any shape, need not be whole (a mean probability × images).
        images: out of how many; broadcasts with `hits`.

    Returns:
        Lower and upper limit, fractions; 0 and 1 where there is no image: then nothing is known.
    """
    hits, images = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(images, dtype=np.float64))
    n = np.maximum(images, 1)
    share = hits / n
    centre = share + Z**2 / (2 * n)
    reach = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    # Rounding may leave the limits of 0 of n and n of n a hair off.
    low = np.where(hits <= 0, 0.0, (centre - reach) / scale)
    high = np.where(hits >= n, 1.0, (centre + reach) / scale)
    return np.where(images > 0, low, 0.0), np.where(images > 0, high, 1.0)


def share_difference(
    first: np.ndarray, first_images: float, second: np.ndarray, second_images: float
) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe's 95 % interval of a difference of two shares of different images, from their Wilson intervals.

    Args:
        first, second: shares, fractions, of the same shape.
        first_images, second_images: out of how many images each.

    Returns:
        Lower and upper limit of first - second, in [-1, 1].
    """
    low_a, high_a = wilson(first * first_images, first_images)
    low_b, high_b = wilson(second * second_images, second_images)
    gap = first - second
    down = np.sqrt((first - low_a) ** 2 + (high_b - second) ** 2)
    up = np.sqrt((high_a - first) ** 2 + (second - low_b) ** 2)
    return np.maximum(gap - down, -1.0), np.minimum(gap + up, 1.0)


def mean_half_width(spread: np.ndarray, images: np.ndarray | float) -> np.ndarray:
    """Half of the 95 % interval of a mean (normal approximation), in the unit of the values.

    Args:
        spread: sample standard deviation of the values.
        images: how many values; broadcasts with `spread`.

    Returns:
        nan where there are fewer than two values: one value says nothing about its spread.
    """
    images = np.asarray(images, dtype=np.float64)
    return np.where(images >= 2, Z * np.asarray(spread) / np.sqrt(np.maximum(images, 1)), np.nan)


RESAMPLES = 2000


LIMITS = (0.025, 0.975)


def bootstrap_means(
    differences: np.ndarray, resamples: int, seed: int | list[int], groups: np.ndarray | None = None
) -> np.ndarray:
    """The mean of every resample of the images, drawn with replacement: float64, (resamples,).

    What is drawn are groups: of images of one thing, all or none are in a draw. How often each is drawn is multinomial,
    and groups of equal sum and size are drawn together, so that a resample costs as much as there are different ones.

    Args:
        differences: per image, (N,), N >= 1; few different values, such as -1, 0 and 1.
        groups: of the images, int64 (N,); None where every image is its own.
    """
    values = np.asarray(differences, dtype=np.float64)
    place = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1].ravel()
    sums = np.stack([np.bincount(place, weights=values), np.bincount(place)], axis=1)
    kinds, counts = np.unique(sums, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=resamples)
    totals = drawn @ kinds
    return totals[:, 0] / totals[:, 1]


def paired_intervals(
    differences: Mapping[str, np.ndarray],
    seed: int,
    resamples: int = RESAMPLES,
    groups: Mapping[str, np.ndarray] | None = None,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals (low, high) of the mean difference by task, and of the tasks' mean as AVERAGE.

    Every task's images are resampled on their own; the average's resamples are the mean of the tasks'.

    Args:
        groups: by task, see `bootstrap_means`; a task without has none.
    """
    means = {
        name: bootstrap_means(values, resamples, [seed, zlib.crc32(name.encode())], (groups or {}).get(name))
        for name, values in differences.items()
    }
    means[AVERAGE] = np.mean(list(means.values()), axis=0)
    return {name: tuple(np.quantile(values, LIMITS).tolist()) for name, values in means.items()}
