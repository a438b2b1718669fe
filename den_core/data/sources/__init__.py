"""Labelled image sets on disk. One file per kind; a further kind is a new file and a row in `KINDS`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from den_core.data.sources import cifar, digits, image_folder, parquet, stl10, tiny_imagenet
from den_core.data.sources.address import Address, parse_address
from den_core.data.sources.base import ImageSource as ImageSource
from den_core.data.sources.downloading import download as download_set
from den_core.data.sources.published import Published
from den_core.data.sources.selection import first_of_classes, select_classes
from den_core.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a kind of source is opened, and what its name may say."""

    open: Callable[[Address, str], ImageSource]
    "Never downloads."
    form: Literal["KIND:WHERE", "KIND", "KIND:[FOLDER]"]
    labels: bool = False
    "Whether ?label=COLUMN may choose another label column."
    published: Published | None = None
    "The files that are expected where the folder holds no Parquet files."
    column: str = ""
    "Label column of a Parquet copy; empty for the usual one."
    classes: int = 0
    "How many there are, where the published files say it; 0 where each set has its own."


KINDS = {
    "open": Kind(open=parquet.open_shipped, form="KIND:WHERE", labels=True),
    "parquet": Kind(open=parquet.open_parquet, form="KIND:WHERE", labels=True),
    "folder": Kind(open=image_folder.open_folder, form="KIND:WHERE"),
    "digits": Kind(open=digits.open_digits, form="KIND"),
    "cifar10": Kind(open=cifar.open_cifar10, form="KIND:[FOLDER]", published=cifar.CIFAR10, classes=10),
    "cifar100": Kind(open=cifar.open_cifar100, form="KIND:[FOLDER]", published=cifar.CIFAR100, classes=100),
    "cifar100_coarse": Kind(
        open=cifar.open_cifar100_coarse,
        form="KIND:[FOLDER]",
        published=cifar.CIFAR100,
        classes=20,
        column="coarse_label",
    ),
    "stl10": Kind(open=stl10.open_stl10, form="KIND:[FOLDER]", published=stl10.STL10, classes=10),
    "tiny_imagenet": Kind(
        open=tiny_imagenet.open_tiny_imagenet,
        form="KIND:[FOLDER]",
        published=tiny_imagenet.TINY_IMAGENET,
        classes=200,
    ),
    "imagenet": Kind(open=image_folder.open_imagenet, form="KIND:[FOLDER]", published=image_folder.IMAGENET),
    "imagenette": Kind(
        open=image_folder.open_imagenette, form="KIND:[FOLDER]", published=image_folder.IMAGENETTE, classes=10
    ),
}


def open_source(source: str, split: Literal["train", "test"]) -> ImageSource:
    """Open one split of a data set that is on this machine, without decoding any image. Nothing is downloaded.

    Args:
        source: "open:NAME" for a shipped set; "parquet:FOLDER" for Parquet files in the Hugging Face image
            convention; "folder:FOLDER" for FOLDER/train/CLASS/IMAGE and FOLDER/test/CLASS/IMAGE; "digits"; or one of
            "cifar10:", "cifar100:", "cifar100_coarse:", "stl10:", "tiny_imagenet:", "imagenet:" and "imagenette:", each
            with the FOLDER that holds it or without one for $DEN_DATA/KIND (data/KIND where DEN_DATA is not set). The
            set may lie there as it is published, or in Parquet files.
            "?label=COLUMN" after a Parquet set takes its labels from another column, "?train=COUNT" after any source
            leaves so many training images of every class, and "#CLASS,CLASS,..." at its end keeps these classes, by
            name or by index, in this order.
        split: "train" or "test".

    Raises:
        DataError: an unknown kind, class or split, files that are missing, or a malformed table.
    """
    if split not in ("train", "test"):
        raise DataError(f'expected the split "train" or "test", found {split!r}')
    address = parse_address(source)
    kind = _kind(address)
    copy = parquet_copy(kind, address)
    opened = parquet.open_parquet(copy, split) if copy else kind.open(address, split)
    opened = select_classes(opened, address.classes, source) if address.classes else opened
    return first_of_classes(opened, address.train, source) if address.train and split == "train" else opened


def download_source(source: str) -> None:
    """Download CIFAR and STL-10 to their folder where they are not there; all other sources are left alone.

    Only where a user asked for that set to train on or to prepare, never for a name that a checkpoint or gallery holds.

    Raises:
        DataError: no such kind of source, or downloading failed.
    """
    address = parse_address(source)
    kind = _kind(address)
    if kind.published and not parquet_copy(kind, address):
        download_set(kind.published, address.where)


def parquet_copy(kind: Kind, address: Address) -> Address | None:
    """Where a published set lies in Parquet files, if it does: an address for `parquet.open_parquet`."""
    if kind.published is None or not parquet.holds_parquet(kind.published.root(address.where)):
        return None
    return dataclasses.replace(address, where=str(kind.published.root(address.where)), label=kind.column)


def _kind(address: Address) -> Kind:
    kind = KINDS.get(address.kind)
    if kind is None or (kind.form == "KIND" and address.where) or (kind.form == "KIND:WHERE" and not address.where):
        raise DataError(
            "expected a source such as open:fashion, parquet:FOLDER, folder:FOLDER, digits, "
            f"{', '.join(f'{name}:' for name, row in KINDS.items() if row.form == 'KIND:[FOLDER]')}, "
            f"found {address.text!r}"
        )
    if address.label and not kind.labels:
        able = ", ".join(f"{name}:" for name, row in KINDS.items() if row.labels)
        raise DataError(f"expected ?label= after {able} only, found {address.text!r}")
    return kind
