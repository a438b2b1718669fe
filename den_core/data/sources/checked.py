"""torchvision's data sets, opened on files that are exactly the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from den_core.data.sources.published import Published
from den_core.errors import DataError

if TYPE_CHECKING:
    from torchvision.datasets import VisionDataset


def open_checked(published: Published, place: Path, split: dict, **changes: object) -> VisionDataset:
    """torchvision's class of a set, on the files in `place`.

    What is relied on: torchvision compares the MD5 of every file that it lists with the published one before it opens
    any. CIFAR's files are pickles, which could run anything; it unpickles those of the published MD5 and no others.
    MD5 is broken against somebody who makes two files alike, not against one who must meet the MD5 of a given file.

    Args:
        split: the argument that chooses the split.
        changes: attributes of the class to replace, such as `meta`.

    Raises:
        DataError: a file differs from the published one; the message names it.
    """
    from torchvision import datasets  # slow to import, and only needed here
    from torchvision.datasets.utils import check_integrity

    original = getattr(datasets, published.torchvision)
    kind: Any = type(original.__name__, (original,), {"base_folder": place.name, **changes})
    try:
        return kind(place.parent, **split)
    except RuntimeError as error:  # what torchvision says of files that are not there or not the published ones
        sums = dict([*kind.train_list, *kind.test_list])
        if hasattr(kind, "meta"):
            sums[kind.meta["filename"]] = kind.meta["md5"]
        damaged = [str(place / name) for name, md5 in sums.items() if not check_integrity(place / name, md5)]
        raise DataError(
            f"expected the files that {published.home} publishes, found another MD5 of {', '.join(damaged)}; "
            f"remove the folder, and {published.download_command(place)} downloads it again"
        ) from error
