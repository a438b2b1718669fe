"""Sets that others publish: in which folder they are expected, what belongs to them, where they come from."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from den_core.errors import DataError


def default_folder(kind: str) -> Path:
    """Where a set lies if nobody says otherwise: $DEN_DATA/KIND, or data/KIND where DEN_DATA is not set."""
    return Path(os.environ.get("DEN_DATA") or "data").expanduser() / kind


@dataclass(frozen=True, kw_only=True)
class Published:
    """A set as its authors publish it."""

    kind: str
    "Its name in sources, and that of its default folder."
    folder: str
    "What its archive unpacks into; empty where its files lie in the folder that is named."
    files: tuple[str, ...]
    "Files and folders that must be there; the first one tells that folder even under another name."
    home: str
    "Where it is published, for people."
    torchvision: str = ""
    "torchvision's class that downloads it; empty where nothing does."
    images: tuple[int, int] = (0, 0)
    "How many for training and for testing, where the files are always the same ones."

    def place(self, where: str) -> Path:
        """The folder with the files, whether or not they are there.

        Args:
            where: that folder, or the one that holds it; empty for the default folder.
        """
        root = self.root(where)
        if not (root / self.folder).is_dir() and (root.name == self.folder or (root / self.files[0]).exists()):
            return root
        return root / self.folder

    def root(self, where: str) -> Path:
        """The folder that is named, or the default one."""
        return Path(where).expanduser() if where else default_folder(self.kind)

    def missing(self, place: Path) -> list[str]:
        """Which of the files are not there."""
        return [name for name in self.files if not (place / name).exists()]

    def require(self, where: str) -> Path:
        """`place`, or DataError where files are missing."""
        place = self.place(where)
        if self.missing(place):
            raise self.error(place)
        return place

    def error(self, place: Path, reason: str = "") -> DataError:
        """What is missing and where to get it; `reason` says why it could not be downloaded."""
        missing = self.missing(place)
        text = f"expected {self.kind} in {place}, missing: {', '.join(missing)}; it is published at {self.home}"
        if reason:
            text += f", but downloading failed: {reason}"
        elif self.torchvision and len(missing) < len(self.files):
            text += f"; add the files, or remove the folder, and {self.download_command(place)} downloads it whole"
        elif self.torchvision:
            text += f", and {self.download_command(place)} downloads it"
        return DataError(text)

    def download_command(self, place: Path) -> str:
        """What to type to have the set downloaded to `place`."""
        where = place.parent if place.name == self.folder else place
        return f"`den datasets prepare {shlex.quote(f'{self.kind}:{where}')}`"
