"""The files of a folder of comparisons: read by one reader, which says what to do about one that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from den_core.checkpoints.folder import read_json
from den_core.errors import CheckpointError, ConfigError
from den_core.typed_json import from_json

T = TypeVar("T")


def read_object(kind: type[T], path: Path, remedy: str) -> T:
    """The object of a dataclass in a JSON file. CheckpointError, which ends in the remedy, where it is not that."""
    try:
        return from_json(kind, read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}; {remedy}") from error
