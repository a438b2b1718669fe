"""A source's name taken apart: KIND:WHERE?label=COLUMN?train=COUNT#CLASS,CLASS."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from den_core.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Address:
    """What a source's name says, before anything is looked up."""

    text: str
    "The whole of it."
    kind: str
    where: str = ""
    "Mostly a folder; may be empty."
    label: str = ""
    "Column of a table that holds the labels; empty for the usual one."
    train: int = 0
    "Training images of every class to keep; 0 for all."
    classes: tuple[str, ...] = ()
    "The classes to keep, by name or by index; empty for all."

    @property
    def is_part(self) -> bool:
        """Whether it names less than the whole set."""
        return bool(self.classes or self.train)


def parse_address(text: str) -> Address:
    """Take a source's name apart.

    A folder may have # and ? in its own name: the longest beginning that lies on disk is the folder. Where none does,
    the first of these signs ends it. A class whose name holds a comma can only be named by its index.

    Raises:
        DataError: something other than ?label=COLUMN, ?train=COUNT and #CLASS,CLASS comes after the folder, or one of
            these is empty.
    """
    whole = re.fullmatch(r"([^:?#]*)(:?)(.*)", text, re.DOTALL)
    assert whole is not None  # any text matches
    kind, colon, rest = whole.groups()
    where, tail = _cut(rest) if colon else ("", rest)
    parts = re.fullmatch(r"(\?label=([^?#]+))?(\?train=([1-9]\d{0,8}))?(#(.*))?", tail, re.DOTALL)
    if parts is None:
        raise DataError(f"expected SOURCE?label=COLUMN?train=COUNT#CLASS,CLASS, each part as needed, found {text!r}")
    classes = tuple(name.strip() for name in parts[6].split(",")) if parts[5] else ()
    if "" in classes:
        raise DataError(f"expected names of classes, separated by commas, after # in {text!r}, found an empty one")
    return Address(text=text, kind=kind, where=where, label=parts[2] or "", train=int(parts[4] or 0), classes=classes)


def _cut(rest: str) -> tuple[str, str]:
    """The folder, and what is said after it."""
    signs = [i for i, letter in enumerate(rest) if letter in "#?"]
    for end in [len(rest), *reversed(signs)]:
        if end and os.path.exists(os.path.expanduser(rest[:end])):
            return rest[:end], rest[end:]
    end = signs[0] if signs else len(rest)
    return rest[:end], rest[end:]
