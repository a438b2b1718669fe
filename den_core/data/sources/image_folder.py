"""A folder per class, as torchvision's ImageFolder has it: FOLDER/train/CLASS/IMAGE and FOLDER/test/..."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from den_core.data.images import MAX_BYTES
from den_core.data.sources.base import SPLIT_NAMES, ImageSource
from den_core.errors import DataError, ImageError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
"Files with another ending are no images and are left alone."


def open_folder(folder: str, split: str) -> ImageSource:
    """One split of a folder of images. The training split's folders name the classes.

    Rows are in a fixed mixed order (by the hash of their names), so that the first rows show every class.
    """
    root = Path(folder).expanduser()
    classes = _class_folders(_split_folder(root, "train"))
    place = _split_folder(root, split)
    if place.name != "train":
        unknown = sorted(set(_class_folders(place)) - set(classes))
        if unknown:
            raise DataError(
                f"{place}: expected the classes of {root / 'train'}, found also {', '.join(unknown[:5])}"
            )
    rows = []
    for label, name in enumerate(classes):
        files = sorted(p for p in (place / name).rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not files and split == "train":
            raise DataError(f"expected images ({', '.join(sorted(SUFFIXES))}) in {place / name}, found none")
        rows += [(p.relative_to(place).as_posix(), label) for p in files]
    if not rows:
        raise DataError(f"expected images in folders named {', '.join(classes[:5])} in {place}, found none")
    rows.sort(key=lambda row: hashlib.sha256(row[0].encode(errors="surrogateescape")).hexdigest())
    ids = [name for name, _ in rows]
    return ImageSource(
        name=f"folder:{folder}",
        split=split,
        labels=np.array([label for _, label in rows], np.int64),
        class_names=tuple(classes),
        ids=ids,
        groups=np.arange(len(rows)),
        location=str(place),
        read=lambda i: _read(place / ids[i]),
        digest=lambda: _digest(place, ids),
    )


def _split_folder(root: Path, split: str) -> Path:
    for name in SPLIT_NAMES[split]:
        if (root / name).is_dir():
            return root / name
    found = sorted(p.name for p in root.iterdir()) if root.is_dir() else []
    raise DataError(
        f"expected a folder {root / split} with one folder per class, "
        f"found {', '.join(found[:5]) or 'nothing there'}; create it"
    )


def _class_folders(place: Path) -> list[str]:
    names = sorted(p.name for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(f"expected one folder per class in {place}, found none; sort the images into folders")
    return names


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)  # one more than allowed is enough to be refused
    except OSError as error:
        raise ImageError(f"expected an image file, but it cannot be read: {error.strerror}") from error


def _digest(place: Path, ids: list[str]) -> str:
    """SHA-256 over every file's name and contents."""
    total = hashlib.sha256()
    for name in ids:
        with (place / name).open("rb") as stream:
            contents = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{name}\n{contents}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
