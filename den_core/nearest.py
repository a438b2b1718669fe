"""Names in error messages: what somebody may have meant who wrote one that is not there, and long lists cut short."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Known names that look like `name`, the most alike first; upper and lower case are the same. May be empty."""
    in_small = {each.lower(): each for each in known}
    return [in_small[match] for match in difflib.get_close_matches(name.lower(), in_small, n=limit)]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line for an error: nothing of this kind, a plural, has that name, but these have."""
    known = sorted(known)
    near = nearest(name, known)
    hint = f"nearest: {', '.join(near)}" if near else f"there are {', '.join(known)}"
    return f"expected one of {len(known)} {kind}, found {name!r}; {hint}"


def first_of(names: Sequence[str], limit: int = 5) -> str:
    """The first names of a list, and dots where there are more."""
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
