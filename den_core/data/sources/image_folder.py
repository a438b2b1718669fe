"""A folder per class, as torchvision's ImageFolder has it: FOLDER/train/CLASS/IMAGE and FOLDER/test/..."""

from __future__ import annotations

from pathlib import Path

from den_core.data.sources.address import Address
from den_core.data.sources.base import SPLIT_NAMES, ImageSource
from den_core.data.sources.image_files import SUFFIXES, file_source, list_images, mixed
from den_core.data.sources.published import Published
from den_core.data.sources.selection import find_classes
from den_core.errors import DataError

IMAGENET = Published(
    kind="imagenet",
    folder="",
    files=("train", "val"),
    home="https://www.image-net.org",
)
IMAGENETTE = Published(
    kind="imagenette",
    folder="imagenette2",
    files=("train", "val"),
    home="https://github.com/fastai/imagenette",
)


def open_folder(address: Address, split: str) -> ImageSource:
    """One split of a folder of images. The training split's folders name the classes.

    Rows are in a fixed mixed order (by the hash of their names), so that the first rows show every class. Where the
    address names some classes, the folders of the others are not looked into.
    """
    return _open(Path(address.where).expanduser(), address, split)


def open_imagenet(address: Address, split: str) -> ImageSource:
    """FOLDER/train/WNID/*.JPEG and FOLDER/val/WNID/*.JPEG, read as `open_folder` does: a class's name is its wnid."""
    return _open(IMAGENET.require(address.where), address, split)


def open_imagenette(address: Address, split: str) -> ImageSource:
    """Ten easy classes of ImageNet, laid out as `open_imagenet` has it."""
    return _open(IMAGENETTE.require(address.where), address, split)


def _open(root: Path, address: Address, split: str) -> ImageSource:
    classes = _class_folders(_split_folder(root, "train"))
    place = _split_folder(root, split)
    if split != "train":
        unknown = sorted(set(_class_folders(place)) - set(classes))
        if unknown:
            raise DataError(f"{place}: expected the classes of {root / 'train'}, found also {', '.join(unknown[:5])}")
    asked = find_classes(tuple(classes), address.classes, str(root / "train")) or range(len(classes))
    rows = []
    for label in asked:
        files = list_images(place / classes[label])
        if not files and (split == "train" or (place / classes[label]).is_dir()):
            raise DataError(
                f"expected images ({', '.join(SUFFIXES)}) in {place / classes[label]}, found none; "
                "add some or remove the folder"
            )
        rows += [(f"{classes[label]}/{name}", label) for name in files]
    if not rows:
        raise DataError(f"expected images of {', '.join(classes[i] for i in asked[:5])} in {place}, found none")
    rows.sort(key=lambda row: mixed(row[0]))
    return file_source(address.text, split, place, rows, tuple(classes))


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
