"""Images that are files of their own: found, mixed, read and hashed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from den_core.data.images import MAX_BYTES
from den_core.data.sources.base import ImageSource
from den_core.errors import ImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"Files with another ending are no images and are left alone."


def list_images(folder: Path) -> list[str]:
    """Paths below a folder, with / between parts and at any depth, sorted. A folder that is not there has none.

    It asks the system for whole folders at once: one question per file would take a minute on all of ImageNet.
    """
    found, folders = [], [""]
    while folders:
        inside = folders.pop()
        try:
            entries = list(os.scandir(folder / inside))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif name.lower().endswith(SUFFIXES) and entry.is_file():
                found.append(name)
    return sorted(found)


def mixed(name: str) -> str:
    """A key to sort names by: a fixed order in which the first rows show every class."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()


def read_image(path: Path) -> bytes:
    """The bytes of a file; ImageError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)  # one more than allowed is enough to be refused
    except OSError as error:
        raise ImageError(f"expected an image file, but it cannot be read: {error.strerror}") from error


def file_source(
    name: str, split: str, place: Path, rows: list[tuple[str, int]], class_names: tuple[str, ...]
) -> ImageSource:
    """A source on image files.

    Args:
        rows: path below `place` and label of every image, at least one.
    """
    ids = [path for path, _ in rows]
    return ImageSource(
        name=name,
        split=split,
        labels=np.array([label for _, label in rows], np.int64),
        class_names=class_names,
        ids=ids,
        groups=np.arange(len(rows)),
        location=str(place),
        read=lambda i: read_image(place / ids[i]),
        digest=lambda: digest_images(place, ids),
        place=lambda i: str(place / ids[i]),
    )


def digest_images(folder: Path, names: list[str]) -> str:
    """SHA-256 over every file's name and contents."""
    total = hashlib.sha256()
    for name in names:
        with (folder / name).open("rb") as stream:
            contents = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{name}\n{contents}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
