"""CIFAR-10 and CIFAR-100, in the Python version of their home page, read by torchvision."""

from __future__ import annotations

import pickletools  # takes pickles apart without running them
from pathlib import Path

import numpy as np

from den_core.data.sources.address import Address
from den_core.data.sources.array_set import array_source
from den_core.data.sources.base import ImageSource
from den_core.data.sources.checked import open_checked
from den_core.data.sources.published import Published
from den_core.errors import DataError

HOME = "https://www.cs.toronto.edu/~kriz/cifar.html"
CIFAR10 = Published(
    kind="cifar10",
    folder="cifar-10-batches-py",
    files=("batches.meta", *(f"data_batch_{i}" for i in range(1, 6)), "test_batch"),
    home=HOME,
    torchvision="CIFAR10",
    images=(50_000, 10_000),
)
CIFAR100 = Published(
    kind="cifar100",
    folder="cifar-100-python",
    files=("meta", "train", "test"),
    home=HOME,
    torchvision="CIFAR100",
    images=(50_000, 10_000),
)

_INTEGERS = {"BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1"}
_LISTS = {"EMPTY_LIST", "LIST", "MARK", "APPEND", "APPENDS"}
_NOTES = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "FRAME"}


def open_cifar10(address: Address, split: str) -> ImageSource:
    """32 × 32 pixels, 10 classes, 50,000 images for training and 10,000 for testing. See `open_checked`."""
    return _open(CIFAR10, address, split)


def open_cifar100(address: Address, split: str) -> ImageSource:
    """32 × 32 pixels, 100 classes, 50,000 images for training and 10,000 for testing. See `open_checked`."""
    return _open(CIFAR100, address, split)


def open_cifar100_coarse(address: Address, split: str) -> ImageSource:
    """The images of `open_cifar100`, row by row, with the 20 superclasses as their labels.

    torchvision reads the names of the superclasses if asked for another key. The labels it leaves out: they are read
    off the file, whose MD5 it has checked by then.
    """
    from torchvision import datasets  # slow to import, and only needed here

    meta = datasets.CIFAR100.meta | {"key": "coarse_label_names"}
    return _open(CIFAR100, address, split, "coarse_labels", meta=meta)


def _open(published: Published, address: Address, split: str, key: str = "", **changes: object) -> ImageSource:
    place = published.require(address.where)
    dataset = open_checked(published, place, {"train": split == "train"}, **changes)
    labels = read_integers(place / split, key) if key else dataset.targets
    if len(labels) != len(dataset):
        raise DataError(f"{place / split}: expected {len(dataset)} {key}, found {len(labels)}")
    return array_source(
        name=address.text,
        split=split,
        pixels=lambda i: dataset.data[i],
        labels=np.array(labels, np.int64),
        class_names=tuple(dataset.classes),
        location=str(place),
    )


def read_integers(path: Path, key: str) -> list[int]:
    """The integers of a list that is the value of `key` in a pickled dictionary.

    The file is walked through instruction by instruction, and none is carried out: nothing can run.

    Raises:
        DataError: no such key, or a file that is no pickle.
    """
    values: list[int] = []
    try:
        with path.open("rb") as stream:
            instructions = pickletools.genops(stream)
            if not any(value in (key, key.encode()) for _, value, _ in instructions):
                raise DataError(f"{path}: expected an entry {key}, found none")
            for code, value, _ in instructions:
                if code.name in _INTEGERS and isinstance(value, int):
                    values.append(value)
                elif code.name not in _LISTS | _NOTES:
                    break
    except ValueError as error:
        raise DataError(f"{path}: expected a pickle, found {error}") from error
    return values
