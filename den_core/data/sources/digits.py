"""The 1,797 handwritten digits that come with scikit-learn: 8 by 8 pixels, for tests and first tries."""

from __future__ import annotations

import hashlib

import numpy as np

from den_core.data.sources.address import Address
from den_core.data.sources.base import ImageSource
from den_core.data.splits import split_validation

TEST_SHARE = 0.25
SPLIT_SEED = 0


def open_digits(address: Address, split: str) -> ImageSource:
    """The digits, divided 75/25 by class with a fixed seed."""
    from sklearn.datasets import load_digits  # slow to import, and only needed here

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    train, test = split_validation(labels, np.arange(len(labels)), TEST_SHARE, SPLIT_SEED)
    rows = np.random.default_rng(SPLIT_SEED).permutation(train if split == "train" else test)
    pixels = np.round(bunch.images[rows] * (255 / 16)).astype(np.uint8)  # stored as 0 to 16
    return ImageSource(
        name=address.text,
        split=split,
        labels=labels[rows],
        class_names=tuple("0123456789"),
        ids=[f"digits/{row:04d}.png" for row in rows],
        groups=np.arange(len(rows)),
        location="scikit-learn's load_digits",
        read=lambda i: pixels[i],
        digest=lambda: hashlib.sha256(pixels.tobytes() + labels[rows].tobytes()).hexdigest(),
        license="CC-BY-4.0",
    )
