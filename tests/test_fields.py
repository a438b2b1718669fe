"""Every field of every configuration: what its declaration allows can be built, and nothing else."""

from __future__ import annotations

import copy
import dataclasses
import math
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from den_core import config
from den_core.errors import ConfigError
from den_core.fields import Range, check_fields, declarations
from den_core.recipes import recipe

RECIPE = recipe("open3-fast")
EXAMPLES = [
    RECIPE,
    RECIPE.network,
    RECIPE.network.tasks[0],
    RECIPE.network.backbone,
    RECIPE.network.selector,
    RECIPE.training,
    RECIPE.training.estimator,
    RECIPE.training.selector,
]
each_config = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)

Place = tuple[Any, Callable[[Any], Any]]
"A declaration that has no parts, and what a field is where one value stands at that place."


def places(declared: Any, put: Callable[[Any], Any] = lambda value: value) -> Iterator[Place]:
    """All places of a field's declaration at which a single value stands."""
    origin, parts = typing.get_origin(declared), typing.get_args(declared)
    if origin is typing.Union:
        for part in parts:
            yield from places(part, put)
    elif origin is dict:
        yield from places(parts[1], lambda value: put({"name": value}))
    elif origin is tuple and parts[-1] is Ellipsis:
        yield from places(parts[0], lambda value: put((value,)))
    elif origin is tuple:
        for i, part in enumerate(parts):
            yield from places(part, lambda value, i=i: put((0.5,) * i + (value,) + (0.5,) * (len(parts) - i - 1)))
    else:
        yield declared, put


def fields_of(example: Any) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Name, declaration and what to put there, of every place in every field."""
    for name, declared in declarations(type(example)).items():
        for leaf, put in places(declared):
            yield name, leaf, put


def bounds(kind: type, allowed: Range) -> tuple[list[float], list[float]]:
    """The outermost numbers that a range allows, and the next ones that it does not."""
    if kind is int:
        low, high = int(allowed.low) + allowed.above, allowed.high - allowed.below
        return ([low], [low - 1]) if high == math.inf else ([low, int(high)], [low - 1, int(high) + 1])
    low, high = allowed.low, allowed.high
    inside = [math.nextafter(low, math.inf) if allowed.above else low]
    outside = [low if allowed.above else math.nextafter(low, -math.inf)]
    if high == math.inf:
        return [*inside, 1e300], [*outside, math.inf]
    inside.append(math.nextafter(high, -math.inf) if allowed.below else high)
    outside.append(high if allowed.below else math.nextafter(high, math.inf))
    return inside, outside


def allowed_and_refused(declared: Any) -> tuple[list[Any], list[Any]]:
    """Values at the edges of a declaration without parts, on either side."""
    origin, parts = typing.get_origin(declared), typing.get_args(declared)
    if origin is Literal:
        return list(parts), ["bananas", "", 3, None, parts, *(word.upper() for word in parts), f"{parts[0]} "]
    if origin is Annotated:
        kind, limits = parts
        inside, outside = bounds(kind, limits)
        wrong = [None, "1", [1], True, math.nan, -math.inf, 1j]
        return inside, [*outside, *wrong, *([float(inside[0])] if kind is int else [])]
    if declared is bool:
        return [True, False], [0, 1, None, "true"]
    if declared is str:
        return ["", "word"], [3, None, b"word", ("word",)]
    assert dataclasses.is_dataclass(declared), f"{declared} is no declaration"
    return [], [None, "word", {}, 3]


def test_every_configuration_is_among_the_examples():
    kinds = {
        kind for kind in vars(config).values() if dataclasses.is_dataclass(kind) and kind.__module__ == config.__name__
    }

    assert {type(example) for example in EXAMPLES} == kinds


@each_config
def test_what_a_declaration_allows_is_accepted(example):
    """Each field by itself: conditions between fields are left out."""
    for name, declared, put in fields_of(example):
        for value in allowed_and_refused(declared)[0]:
            changed = copy.copy(example)
            object.__setattr__(changed, name, put(value))
            check_fields(changed)


@each_config
def test_what_a_declaration_does_not_allow_cannot_be_built(example):
    for name, declared, put in fields_of(example):
        for value in allowed_and_refused(declared)[1]:
            with pytest.raises(ConfigError) as error:
                dataclasses.replace(example, **{name: put(value)})
                pytest.fail(f"{name} {put(value)!r} was accepted")
            assert str(error.value).startswith(f"expected {name}") and "found" in str(error.value)
            assert "\n" not in str(error.value)


@each_config
def test_a_tuple_or_a_dict_must_be_one(example):
    for name, declared in declarations(type(example)).items():
        if typing.get_origin(declared) is tuple:
            wrong = [None, "abc", list(getattr(example, name))]
            if typing.get_args(declared)[-1] is not Ellipsis:
                wrong += [(), getattr(example, name) * 2]
            for value in wrong:
                with pytest.raises(ConfigError, match=f"expected {name} (of type tuple|with 3 values), found "):
                    dataclasses.replace(example, **{name: value})


@pytest.mark.parametrize("declared", [int, float, list[int], dict[str, int], tuple[float, ...]], ids=str)
def test_a_declaration_that_cannot_be_checked_is_an_error(declared):
    """So that nobody adds a number without a range."""

    @dataclass(frozen=True)
    class Careless:
        field: Any

    Careless.__annotations__["field"] = declared
    value = {list[int]: [1], dict[str, int]: {"a": 1}, tuple[float, ...]: (1.0,)}.get(declared, 1)

    with pytest.raises(TypeError, match="field.*: expected a declaration such as"):
        check_fields(Careless(value))


def test_an_error_lists_the_words_and_guesses_what_was_meant():
    with pytest.raises(ConfigError) as error:
        dataclasses.replace(RECIPE.training.estimator, schedule="one-cycle")

    assert (
        str(error.value)
        == "expected schedule 'steps' or 'whole_run' or 'one_cycle', found 'one-cycle'; did you mean 'one_cycle'?"
    )


def test_an_error_names_the_place_and_the_range():
    with pytest.raises(ConfigError) as error:
        dataclasses.replace(RECIPE.training, batch_size={"fashion": 8, "emoji": -4})

    assert str(error.value) == "expected batch_size['emoji'] at least 1, found -4"


@pytest.mark.parametrize(
    "limits, said",
    [
        (Range(0), "at least 0"),
        (Range(0, above=True), "above 0"),
        (Range(8, 1024), "at least 8 and at most 1024"),
        (Range(0, 1, above=True, below=True), "above 0 and below 1"),
    ],
    ids=str,
)
def test_a_range_reads_as_a_sentence(limits, said):
    assert str(limits) == said
