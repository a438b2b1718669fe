"""Frozen dataclasses from JSON and back. A class checks its fields when it is built, see `den_core.fields`."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from den_core.errors import ConfigError
from den_core.fields import declarations


def to_json(value: Any) -> Any:
    """Dataclasses, dicts and tuples as JSON values; an optional field that is None is left out."""
    if dataclasses.is_dataclass(value):
        named = [(f, getattr(value, f.name)) for f in dataclasses.fields(value)]
        return {f.name: to_json(part) for f, part in named if part is not None or f.default is not None}
    if isinstance(value, dict):
        return {key: to_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(part) for part in value]
    return value


Upgrade = Callable[[dict[str, Any], str], dict[str, Any]]
"""From the JSON of an older version, and where it stands, to today's; ConfigError where there is no way."""


def from_json(kind: type, value: Any, where: str = "", upgrades: Mapping[type, Upgrade] | None = None) -> Any:
    """The object of a dataclass that `to_json` wrote.

    Args:
        where: path of the value in its file, such as tasks[0]; empty for a whole file.
        upgrades: what older versions wrote otherwise, by class.

    Raises:
        ConfigError: a field that is unknown or missing, or that the class refuses; the message begins with its path.
    """
    start = f"{where}: " if where else ""
    if not isinstance(value, dict):
        raise ConfigError(f"{start}expected an object, found {value!r:.80}")
    upgrades = upgrades or {}
    value = upgrades[kind](value, where) if kind in upgrades else value
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ConfigError(f"{start}unknown field {', '.join(unknown)}; written by a newer version?")
    missing = [name for name, f in known.items() if name not in value and _is_required(f)]
    if missing:
        raise ConfigError(f"{start}missing field {', '.join(missing)}")
    declared = declarations(kind)
    paths = {name: f"{where}.{name}".lstrip(".") for name in value}
    built = {name: _built(declared[name], part, paths[name], upgrades) for name, part in value.items()}
    try:
        return kind(**built)
    except ConfigError as error:
        raise ConfigError(f"{start}{error}") from error


def _is_required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _built(declared: Any, value: Any, where: str, upgrades: Mapping[type, Upgrade]) -> Any:
    """What a field is built from: JSON knows no tuples, and no floats that are whole. The class checks it."""
    if isinstance(declared, type) and dataclasses.is_dataclass(declared):
        return from_json(declared, value, where, upgrades)
    origin, parts = typing.get_origin(declared), typing.get_args(declared)
    if origin in (typing.Union, types.UnionType):
        some = [part for part in parts if part is not types.NoneType]
        return _built(some[0], value, where, upgrades) if len(some) == 1 and value is not None else value
    if origin is dict and isinstance(value, dict):
        return {key: _built(parts[1], part, f"{where}.{key}", upgrades) for key, part in value.items()}
    if origin is tuple and isinstance(value, (list, tuple)):
        each = [part for part in parts if part is not Ellipsis]
        last = len(each) - 1
        return tuple(_built(each[min(i, last)], v, f"{where}[{i}]", upgrades) for i, v in enumerate(value))
    if origin is Annotated and parts[0] is float and type(value) is int:
        return float(value)
    return value
