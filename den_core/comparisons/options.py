"""What all networks and figures of a folder of comparisons have in common: a file beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from den_core.checkpoints.folder import write_json
from den_core.comparisons.files import read_object
from den_core.config import AboveZeroToOne, AtLeastOne, Positive
from den_core.errors import ConfigError
from den_core.fields import check_fields
from den_core.typed_json import to_json

OPTIONS = "options.json"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What all networks and figures of a folder have in common; see `Comparison`."""

    scenario: str
    recipe: str = ""
    backbone: str
    steps: AtLeastOne
    share: AboveZeroToOne
    rate: Positive
    limit: AtLeastOne | None

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def where(self) -> str:
        """Tasks and backbone, for people."""
        return f"{self.scenario} on {self.backbone}" + (f", recipe {self.recipe}" if self.recipe else "")

    def __str__(self) -> str:
        images = "" if self.limit is None else f", {self.limit} images a task"
        return f"{self.where}, {self.steps} steps, share {self.share:g}, rate {self.rate:g}{images}"


def claim(folder: Path, asked: Options) -> None:
    """Write down in a folder what it compares, once. ConfigError where that is something else already."""
    path = folder / OPTIONS
    if not path.is_file():
        write_json(path, to_json(asked))
    elif (found := read_options(folder)) != asked:
        raise ConfigError(f"{folder}: expected the folder of {asked}, found that of {found}; give another --out")


def read_options(folder: Path) -> Options:
    """What a folder compares. CheckpointError where its file is missing or does not say."""
    return read_object(Options, folder / OPTIONS, "give another --out")
