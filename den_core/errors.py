"""Every error that this library raises on purpose.

DenError
├── ConfigError       a configuration value out of range, or an unknown recipe, backbone or task
├── StructureError    a structure z that does not fit the network
├── DataError         a data set that is missing, incomplete or malformed
│   └── ImageError    one image that cannot be read, or that is too large to be read safely
├── CheckpointError   a checkpoint folder that is incomplete, too new, or does not fit its own config
├── ProcessError      one of several processes ended before the work that they share was done
└── TrainingError     training cannot go on (a resume folder of another run, a loss that is not finite)

A message is one line: what was expected, what was found, what to do. The command line prints it and
exits with 2; the app shows it in place. Anything else that escapes is a bug.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class DenError(Exception):
    """Base of every deliberate error of `den_core`."""


class ConfigError(DenError):
    """A configuration value out of its range, or a name that is not registered."""


class StructureError(DenError):
    """A structure whose shape or levels do not fit the network."""


class DataError(DenError):
    """A data set that is missing, incomplete or malformed."""


class ImageError(DataError):
    """One image that cannot be read, or that is too large to be read safely."""


class CheckpointError(DenError):
    """A checkpoint folder that is incomplete, from a newer schema, or inconsistent."""


class ProcessError(DenError):
    """Another process ended before the work that it shares with this one was done."""


class TrainingError(DenError):
    """Training cannot start or go on."""


def similar_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Known names that look like `name`, the most alike first; upper and lower case are the same. May be empty."""
    in_small = {each.lower(): each for each in known}
    return [in_small[match] for match in difflib.get_close_matches(name.lower(), in_small, n=limit)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: "did you mean a or b?", or nothing where no name is alike."""
    similar = similar_names(name, known)
    return f"did you mean {' or '.join(similar)}?" if similar else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line for an error: nothing of this kind, a plural, has that name, but these have."""
    known = sorted(known)
    hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return f"expected one of {len(known)} {kind}, found {name!r}; {hint}"


def first_of(names: Sequence[str], limit: int = 5) -> str:
    """The first names of a list, and dots where there are more."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
