"""STL-10, in the binary version of its home page, read by torchvision."""

from __future__ import annotations

import numpy as np

from den_core.data.sources.address import Address
from den_core.data.sources.array_set import array_source
from den_core.data.sources.base import ImageSource
from den_core.data.sources.checked import open_checked
from den_core.data.sources.published import Published

STL10 = Published(
    kind="stl10",
    folder="stl10_binary",
    files=("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "class_names.txt"),
    home="https://cs.stanford.edu/~acoates/stl10/",
    torchvision="STL10",
    images=(5_000, 8_000),
)


def open_stl10(address: Address, split: str) -> ImageSource:
    """96 × 96 pixels, 10 classes, 5,000 images for training and 8,000 for testing. See `open_checked`.

    The 100,000 images without labels are not read and need not be there.
    """
    from torchvision import datasets  # slow to import, and only needed here

    place = STL10.require(address.where)
    labelled = [entry for entry in datasets.STL10.train_list if entry[0] in STL10.files]
    dataset = open_checked(STL10, place, {"split": split}, train_list=labelled)
    return array_source(
        name=address.text,
        split=split,
        pixels=lambda i: np.ascontiguousarray(dataset.data[i].transpose(1, 2, 0)),
        labels=dataset.labels.astype(np.int64),
        class_names=tuple(dataset.classes),
        location=str(place),
    )
