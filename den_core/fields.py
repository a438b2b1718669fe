"""What the fields of a configuration may hold: their annotations, checked when one is built.

A word is declared as a `Literal`, a number with its `Range`, such as `Annotated[float, Range(0, 1)]`. Tuples, dicts and
unions are checked part by part.
"""

from __future__ import annotations

import functools
import math
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from den_core.errors import ConfigError, similar_names


@dataclass(frozen=True)
class Range:
    """Finite numbers from `low` to `high`, both allowed themselves unless `above` or `below` leaves one out."""

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        over = value > self.low if self.above else value >= self.low
        under = value < self.high if self.below or self.high == math.inf else value <= self.high
        return over and under

    def __str__(self) -> str:
        low = f"above {self.low}" if self.above else f"at least {self.low}"
        high = f"below {self.high}" if self.below else f"at most {self.high}"
        return low if self.high == math.inf else f"{low} and {high}"


@functools.cache
def declarations(kind: type) -> dict[str, Any]:
    """The annotations of a configuration's fields, by name."""
    return typing.get_type_hints(kind, include_extras=True)


def check_fields(config: Any) -> None:
    """Check every field of a configuration against its declaration.

    Raises:
        ConfigError: the first that holds something else; the message says in one line what was expected and found.
        TypeError: a declaration that cannot be checked, such as a number without a range.
    """
    kind: type = type(config)
    for name, declared in declarations(kind).items():
        _check(name, getattr(config, name), declared)


def _check(name: str, value: Any, declared: Any) -> None:
    origin, parts = typing.get_origin(declared), typing.get_args(declared)
    if origin is Literal:
        _check_word(name, value, parts)
    elif origin in (typing.Union, types.UnionType):
        _check(name, value, _option(name, value, parts))
    else:
        _check_type(name, value, declared)
        if origin is Annotated:
            _require(value in parts[1], name, str(parts[1]), value)
        elif origin is tuple:
            _check_tuple(name, value, parts)
        elif origin is dict:
            for key, item in value.items():
                _check(f"a key of {name}", key, parts[0])
                _check(f"{name}[{key!r}]", item, parts[1])
        elif origin is not None or declared in (int, float):
            raise TypeError(f"{name}: expected a declaration such as Annotated[int, Range(0)], found {declared}")


def _require(condition: bool, name: str, expected: str, value: Any) -> None:
    if not condition:
        raise ConfigError(f"expected {name} {expected}, found {value!r:.80}")


def _kinds(declared: Any) -> tuple[type, ...]:
    """The classes of what a declaration other than a word or a union allows."""
    origin = typing.get_origin(declared)
    kind = typing.get_args(declared)[0] if origin is Annotated else origin or declared
    return (float, int) if kind is float else (kind,)


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    # to Python, True is an int
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _check_type(name: str, value: Any, declared: Any) -> None:
    kinds = _kinds(declared)
    _require(_is(value, kinds), name, f"of type {kinds[0].__name__}", value)


def _option(name: str, value: Any, options: tuple[Any, ...]) -> Any:
    """The part of a union that a value is to be checked against."""
    kinds = [_kinds(option) for option in options]
    fitting = [option for option, its in zip(options, kinds, strict=True) if _is(value, its)]
    _require(bool(fitting), name, f"of type {' or '.join(its[0].__name__ for its in kinds)}", value)
    return fitting[0]


def _check_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    near = similar_names(value, words, limit=1) if isinstance(value, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if value not in words:
        raise ConfigError(f"expected {name} {' or '.join(map(repr, words))}, found {value!r:.80}{hint}")


def _check_tuple(name: str, value: tuple, parts: tuple[Any, ...]) -> None:
    if parts[-1] is Ellipsis:
        parts = parts[:1] * len(value)
    _require(len(value) == len(parts), name, f"with {len(parts)} values", value)
    for i, (item, declared) in enumerate(zip(value, parts, strict=True)):
        _check(f"{name}[{i}]", item, declared)
