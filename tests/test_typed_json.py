"""Dataclasses from JSON and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated

import pytest

from den_core.errors import ConfigError
from den_core.fields import Range, check_fields
from den_core.typed_json import from_json, to_json

Share = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class Part:
    share: Share
    note: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Whole:
    pair: tuple[Share, Share]
    parts: tuple[Part, ...]
    named: dict[str, Part]
    main: Part | None
    more: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self)


WHOLE = Whole((0.0, 1.0), (Part(0.5), Part(0.25, "x")), {"a": Part(0.1)}, None)


def test_what_is_written_comes_back():
    assert from_json(Whole, json.loads(json.dumps(to_json(WHOLE)))) == WHOLE


def test_an_optional_field_is_left_out_and_a_required_one_is_not():
    assert to_json(Part(0.5)) == {"share": 0.5}
    assert to_json(WHOLE)["main"] is None


def test_whole_numbers_become_floats_where_these_are_declared():
    found = from_json(Part, {"share": 1})

    assert found == Part(1.0) and isinstance(found.share, float)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pair": 3}, "^expected pair of type tuple, found 3"),
        ({"pair": [0, 1, 1]}, "^expected pair with 2 values"),
        ({"parts": [{"share": 0}, {"share": 2}]}, r"^parts\[1\]: expected share at least 0 and at most 1, found 2"),
        ({"parts": [{}]}, r"^parts\[0\]: missing field share"),
        ({"named": {"a": {"share": "x"}}}, "^named.a: expected share of type float, found 'x'"),
        ({"named": {"a": 3}}, "^named.a: expected an object, found 3"),
        ({"main": {"share": 0.5, "size": 1}}, "^main: unknown field size; written by a newer version?"),
        ({"main": 3}, "^main: expected an object, found 3"),
        ({"main": {"share": 0.5, "note": 3}}, "^main: expected note of type str or NoneType, found 3"),
        ({"size": 1}, "^unknown field size"),
    ],
)
def test_an_error_begins_with_the_path(change, said):
    with pytest.raises(ConfigError, match=said):
        from_json(Whole, to_json(WHOLE) | change)


def test_a_path_goes_on_from_where_the_value_stands():
    with pytest.raises(ConfigError, match=r"^file.parts\[0\]: expected an object"):
        from_json(Whole, to_json(WHOLE) | {"parts": [None]}, "file")
    with pytest.raises(ConfigError, match="^file: expected an object, found None"):
        from_json(Whole, None, "file")
