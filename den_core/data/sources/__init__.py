"""Labelled image sets on disk. One file per kind; a further kind is a new file and a row in `KINDS`."""

from __future__ import annotations

from typing import Literal

from den_core.data.sources import digits, image_folder, parquet
from den_core.data.sources.base import ImageSource as ImageSource
from den_core.errors import DataError

KINDS = {
    "open": parquet.open_shipped,
    "parquet": parquet.open_parquet,
    "folder": image_folder.open_folder,
    "digits": digits.open_digits,
}


def open_source(source: str, split: Literal["train", "test"]) -> ImageSource:
    """Open one split of a data set, without decoding any image.

    Args:
        source: "open:NAME" for a shipped set, "parquet:FOLDER" for Parquet files in the Hugging Face image
            convention, "folder:FOLDER" for FOLDER/train/CLASS/IMAGE and FOLDER/test/CLASS/IMAGE, or "digits".
        split: "train" or "test".

    Raises:
        DataError: an unknown kind or split, files that are missing, or a malformed table.
    """
    if split not in ("train", "test"):
        raise DataError(f'expected the split "train" or "test", found {split!r}')
    kind, _, where = source.partition(":")
    if kind not in KINDS or (kind == "digits") == bool(where):
        raise DataError(
            "expected a source such as open:fashion, parquet:FOLDER, folder:FOLDER or digits, "
            f"found {source!r}"
        )
    return KINDS[kind](where, split)
