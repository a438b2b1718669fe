"""Which data sets there are, and whether every image of one can be read."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from den_core.config import TaskConfig
from den_core.data.sources import KINDS, ImageSource, Kind, download_source, open_source, parquet_copy
from den_core.data.sources.address import parse_address
from den_core.data.tasks import PUBLISHED, TASKS
from den_core.errors import DataError, ImageError, unknown

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")


def list_datasets() -> pd.DataFrame:
    """One row per split of every registered task; of tasks that share a published set, the one with all its classes.

    Columns: name, split, images, classes, size (pixels along one side, as the task uses them), location,
    present, license. A set that is not there has `present` False, no images and the reason as its location. Nothing is
    downloaded, and CIFAR and STL-10 are not read: if their files are there, they have as many images as published.
    """
    whole = {name: row for name, row in PUBLISHED.items() if not parse_address(row.source).is_part}
    rows = []
    for name, task in (TASKS | whole).items():
        kind = KINDS[parse_address(task.source).kind]
        classes = task.num_classes if isinstance(task, TaskConfig) else kind.classes
        for split in SPLITS:
            row = {"name": name, "split": split, "classes": classes, "size": task.size}
            try:
                rows.append(row | {"present": True} | _glance(task.source, kind, split))
            except DataError as error:
                rows.append(row | {"images": 0, "location": str(error), "present": False, "license": ""})
    return pd.DataFrame(rows)[["name", "split", "images", "classes", "size", "location", "present", "license"]]


def _glance(source: str, kind: Kind, split: Split) -> dict:
    """Images, location and licence of a split; DataError where it is not there."""
    address = parse_address(source)
    if kind.published and any(kind.published.images) and not address.is_part and not parquet_copy(kind, address):
        place = kind.published.require(address.where)
        return {"images": kind.published.images[SPLITS.index(split)], "location": str(place), "license": ""}
    opened = open_source(source, split)
    return {"images": len(opened), "location": opened.location, "license": opened.license}


def prepare_dataset(name_or_source: str, progress: bool = True, download: bool = True) -> pd.DataFrame:
    """Decode every image of both splits once, so that training will not stumble over one.

    Args:
        download: whether CIFAR and STL-10 are downloaded where they are not there yet.
        name_or_source: a task's name, such as emoji, or a source, such as folder:FOLDER.

    Returns:
        One row per split: name, split, images, classes, smallest_class and largest_class (images of it),
        width and height (the largest of each, pixels), fingerprint.

    Raises:
        DataError: files that are missing (the message names the folder expected), malformed tables, a label outside
            the classes, a class folder without images, or classes that differ between the splits.
        ImageError: images that do not decode; the message says where the first one is, and how many there are.
    """
    task = TASKS.get(name_or_source) or PUBLISHED.get(name_or_source)
    if task is None and parse_address(name_or_source).kind not in KINDS:
        known = unknown("tasks", name_or_source, [*TASKS, *PUBLISHED])
        raise DataError(f"{known}; or a source such as parquet:FOLDER or folder:FOLDER")
    source = task.source if task else name_or_source
    if download:
        download_source(source)
    sources = [open_source(source, split) for split in SPLITS]
    if sources[0].class_names != sources[1].class_names:
        raise DataError(
            f"{name_or_source}: expected the same classes in both splits, "
            f"found {len(sources[0].class_names)} and {len(sources[1].class_names)} that differ"
        )
    return pd.DataFrame([_check(source, progress) for source in sources])


def _check(source: ImageSource, progress: bool) -> dict:
    """Decode every image of a split."""

    def look(row: int) -> tuple[int, int] | ImageError:
        try:
            return source.image(row).size
        except ImageError as error:
            return error

    with ThreadPoolExecutor() as pool:
        found: Iterable = pool.map(look, range(len(source)))
        if progress:
            title = f"Checking {source.name}, {source.split}"
            found = track(found, title, len(source), console=Console(stderr=True), transient=True)
        found = list(found)
    faults = [each for each in found if isinstance(each, ImageError)]
    if faults:
        raise ImageError(f"{faults[0]} (images that cannot be used: {len(faults):,} of {len(source):,})")
    width, height = np.max(found, axis=0)
    counts = np.bincount(source.labels, minlength=len(source.class_names))
    return {
        "name": source.name,
        "split": source.split,
        "images": len(source),
        "classes": len(source.class_names),
        "smallest_class": int(counts.min()),
        "largest_class": int(counts.max()),
        "width": int(width),
        "height": int(height),
        "fingerprint": source.fingerprint,
    }
