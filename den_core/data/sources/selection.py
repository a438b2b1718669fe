"""Parts of a set: #CLASS,CLASS after a source is some classes in that order, ?train=COUNT a few images of each."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np

from den_core.data.sources.base import ImageSource
from den_core.errors import DataError, did_you_mean, first_of


def find_classes(class_names: tuple[str, ...], wanted: tuple[str, ...], location: str) -> list[int]:
    """Indices of classes that are named by their names or by their indices, in the order given.

    Raises:
        DataError: a class that the set does not have (with similar names), one that could be either of two, or
            one that is named twice; `location` says of which set.
    """
    chosen: list[int] = []
    for name in wanted:
        found = {i for i, known in enumerate(class_names) if known == name}
        if name.isdecimal() and int(name) < len(class_names):
            found.add(int(name))
        if not found:
            hint = did_you_mean(name, class_names) or f"it has {first_of(class_names)}"
            raise DataError(f"{location}: expected one of {len(class_names)} classes after #, found {name!r}; {hint}")
        if len(found) > 1:
            both = " and ".join(f"{i} ({class_names[i]})" for i in sorted(found))
            raise DataError(f"{location}: expected one class, but {name!r} may be {both}; use an index or another name")
        if found & set(chosen):
            raise DataError(f"{location}: expected every class once after #, found {name!r} again")
        chosen += found
    return chosen


def select_classes(source: ImageSource, wanted: tuple[str, ...], name: str) -> ImageSource:
    """The rows of some classes. They keep their order, ids and groups; labels count the chosen classes from 0.

    Args:
        wanted: classes by name or by index in `source`, in the order of their new labels.
        name: of the result.

    Raises:
        DataError: as `find_classes`, or a class without a training image.
    """
    chosen = find_classes(source.class_names, wanted, source.location)
    new_labels = np.full(len(source.class_names), -1, np.int64)
    new_labels[chosen] = np.arange(len(chosen))
    labels = new_labels[source.labels]
    rows = np.flatnonzero(labels >= 0)
    class_names = tuple(source.class_names[i] for i in chosen)
    counts = np.bincount(labels[rows], minlength=len(chosen))
    if not len(rows) or (source.split == "train" and not counts.all()):
        raise DataError(f"{source.location}: expected images of {class_names[counts.argmin()]}, found none")
    digest = f"#{json.dumps(class_names)}"
    return dataclasses.replace(_rows(source, rows, name, digest), labels=labels[rows], class_names=class_names)


def first_of_classes(source: ImageSource, count: int, name: str) -> ImageSource:
    """The first `count` rows of every class, or all of a class that has fewer. They keep their order, ids and groups.

    Args:
        name: of the result.
    """
    order = np.argsort(source.labels, kind="stable")
    starts = np.searchsorted(source.labels[order], np.arange(len(source.class_names)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - starts[source.labels[order]]
    return _rows(source, np.flatnonzero(place < count), name, f"?train={count}")


def _rows(source: ImageSource, rows: np.ndarray, name: str, digest: str) -> ImageSource:
    """Some rows of a source under another name; what says which becomes part of the fingerprint."""
    return dataclasses.replace(
        source,
        name=name,
        labels=source.labels[rows],
        ids=[source.ids[i] for i in rows],
        groups=source.groups[rows],
        read=lambda i: source.read(int(rows[i])),
        place=lambda i: source.where(int(rows[i])),
        digest=lambda: hashlib.sha256(f"{source.fingerprint}{digest}".encode()).hexdigest(),
    )
