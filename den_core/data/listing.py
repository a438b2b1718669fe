"""Which data sets there are, and whether every image of one can be read."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from den_core.data.sources import ImageSource, open_source
from den_core.data.tasks import TASKS
from den_core.errors import DataError

SPLITS = ("train", "test")


def list_datasets() -> pd.DataFrame:
    """One row per split of every registered task.

    Columns: name, split, images, classes, size (pixels along one side, as the task uses them), location,
    present, license. A set that is not there has `present` False, no images and the reason as its location.
    """
    rows = []
    for task in TASKS.values():
        for split in SPLITS:
            row = {"name": task.name, "split": split, "classes": task.num_classes, "size": task.size}
            try:
                source = open_source(task.source, split)
            except DataError as error:
                row |= {"images": 0, "location": str(error), "present": False, "license": ""}
            else:
                row |= {"images": len(source), "location": source.location, "present": True}
                row |= {"license": source.license}
            rows.append(row)
    return pd.DataFrame(rows)[
        ["name", "split", "images", "classes", "size", "location", "present", "license"]
    ]


def prepare_dataset(name_or_source: str, progress: bool = True) -> pd.DataFrame:
    """Decode every image of both splits once, so that training will not stumble over one.

    Args:
        name_or_source: a task's name, such as emoji, or a source, such as folder:FOLDER.

    Returns:
        One row per split: name, split, images, classes, smallest_class and largest_class (images of it),
        width and height (the largest of each, pixels), fingerprint.

    Raises:
        DataError: files that are missing (the message names the folder expected), malformed tables, or
            classes that differ between the splits.
        ImageError: the first image that does not decode; the message names its row.
    """
    task = TASKS.get(name_or_source)
    if task is None and name_or_source.partition(":")[0] not in ("open", "parquet", "folder", "digits"):
        raise DataError(
            f"expected one of {', '.join(TASKS)} or a source such as parquet:FOLDER or folder:FOLDER, "
            f"found {name_or_source!r}"
        )
    sources = [open_source(task.source if task else name_or_source, split) for split in SPLITS]
    if sources[0].class_names != sources[1].class_names:
        raise DataError(
            f"{name_or_source}: expected the same classes in both splits, "
            f"found {len(sources[0].class_names)} and {len(sources[1].class_names)} that differ"
        )
    return pd.DataFrame([_check(source, progress) for source in sources])


def _check(source: ImageSource, progress: bool) -> dict:
    """Decode every image of a split."""
    with ThreadPoolExecutor() as pool:
        sizes: Iterable = pool.map(lambda i: source.image(i).size, range(len(source)))
        if progress:
            title = f"Checking {source.name}, {source.split}"
            sizes = track(sizes, title, len(source), console=Console(stderr=True), transient=True)
        width, height = np.max(list(sizes), axis=0)
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
