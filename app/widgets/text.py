"""Numbers and names as people read them."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """Text that Markdown shows as it is: names of files, classes and tasks come from outside."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", text)


def millions(count: float) -> str:
    """A number of MACs or parameters for people: 12.3 M."""
    value = count / 1e6
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f} M"


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction for people: 61.2 %."""
    return f"{100 * fraction:.{digits}f} %"
