"""Tiny-ImageNet-200 as its archive unpacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from den_core.data.sources.address import Address
from den_core.data.sources.base import ImageSource
from den_core.data.sources.image_files import file_source, list_images, mixed
from den_core.data.sources.published import Published
from den_core.data.sources.selection import find_classes
from den_core.errors import DataError

TINY_IMAGENET = Published(
    kind="tiny_imagenet",
    folder="tiny-imagenet-200",
    files=("wnids.txt", "words.txt", "train", "val"),
    home="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
)


def open_tiny_imagenet(address: Address, split: str) -> ImageSource:
    """64 × 64 pixels, 200 classes, 100,000 images for training; the 10,000 for validation serve as the test split.

    The published test split has no labels. Classes are in the order of their wnids and carry the first word that
    words.txt has for them, with the wnid behind it where two have the same. Training images come in a fixed mixed
    order, test images in that of val_annotations.txt. Where the address names some classes, the training images of the
    others are not looked for.

    Raises:
        DataError: a file or folder is missing, a class has no images, or an image no label; the message has the path.
    """
    place = TINY_IMAGENET.require(address.where)
    wnids = sorted({line for line in _lines(place / "wnids.txt") if line})
    _check_folders(place, wnids)
    class_names = _class_names(place / "words.txt", wnids)
    asked = find_classes(class_names, address.classes, str(place)) or range(len(wnids))
    rows = _training_rows(place, wnids, asked) if split == "train" else _validation_rows(place, wnids)
    return file_source(address.text, split, place, rows, class_names)


def _check_folders(place: Path, wnids: list[str]) -> None:
    """Every folder under train must be that of a class."""
    folders = {path.name for path in (place / "train").iterdir() if path.is_dir() and not path.name.startswith(".")}
    unknown = sorted(folders - set(wnids))
    if unknown:
        raise DataError(
            f"{place / 'train' / unknown[0]}: expected a folder named by one of the {len(wnids)} wnids in "
            f"{place / 'wnids.txt'}, found {len(unknown)} of other names; add their wnids or remove them"
        )


def _training_rows(place: Path, wnids: list[str], asked: Iterable[int]) -> list[tuple[str, int]]:
    rows = []
    for label in asked:
        folder = f"train/{wnids[label]}/images"
        files = list_images(place / folder)
        if not files:
            raise DataError(f"expected images in {place / folder}, found none; unpack the archive again")
        rows += [(f"{folder}/{name}", label) for name in files]
    return sorted(rows, key=lambda row: mixed(row[0]))


def _validation_rows(place: Path, wnids: list[str]) -> list[tuple[str, int]]:
    labels = {wnid: label for label, wnid in enumerate(wnids)}
    path, folder = place / "val" / "val_annotations.txt", "val/images"
    rows: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        name, _, rest = line.partition("\t")
        wnid = rest.split("\t")[0]
        if wnid not in labels:
            raise DataError(
                f"{path}, line {number}: expected a file's name, a tab and a class of wnids.txt, found {line[:60]!r}"
            )
        rows[name] = labels[wnid]
    present = set(list_images(place / folder))
    for names, fault in ((rows.keys() - present, "no such file"), (present - rows.keys(), f"no label in {path}")):
        if names:
            raise DataError(
                f"{place / folder / min(names)}: expected an image with a label, found {fault} "
                f"({len(names)} such of {len(rows | dict.fromkeys(present))}); unpack the archive again"
            )
    if not rows:
        raise DataError(f"expected images in {place / folder}, found none; unpack the archive again")
    return [(f"{folder}/{name}", label) for name, label in rows.items()]


def _class_names(path: Path, wnids: list[str]) -> tuple[str, ...]:
    words = dict(line.partition("\t")[::2] for line in _lines(path))
    unnamed = [wnid for wnid in wnids if not words.get(wnid)]
    if unnamed:
        raise DataError(f"{path}: expected words for every class of wnids.txt, found none for {', '.join(unnamed[:5])}")
    names = [words[wnid].split(",")[0].strip() for wnid in wnids]
    count = Counter(names)
    return tuple(name if count[name] == 1 else f"{name} ({wnid})" for name, wnid in zip(names, wnids, strict=True))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"expected a text file at {path}, but it cannot be read: {reason}") from error
