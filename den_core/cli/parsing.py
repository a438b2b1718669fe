"""From a command line to a verb: found by name, its arguments parsed, and what does not fit said in one line."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import tyro
from tyro.conf import Positional as Positional

from den_core.cli.console import exit_code
from den_core.errors import ConfigError, unknown

HELP = ("-h", "--help")
_SETTINGS = (tyro.conf.DisallowNone, tyro.conf.PositionalMetavarFromFieldName)


class Verb(Protocol):
    """A frozen dataclass: its fields are the arguments, its docstrings the help."""

    def run(self) -> None:
        """Do what was asked, and print what came out."""


@dataclass(frozen=True)
class Group:
    """Verbs under one name.

    Args:
        about: one sentence.
        verbs: by name.
        usual: the verb that is meant where arguments begin with the name of none.
    """

    about: str
    verbs: Mapping[str, type[Verb] | Group]
    usual: str = ""

    def help(self, path: str) -> str:
        """What `path --help` prints."""
        width = max(map(len, self.verbs))
        lines = (f"  {name:{width}}  {_about(verb)}" for name, verb in self.verbs.items())
        usage = f"usage: {path} VERB ..." + (f"; without a verb, {self.usual}" if self.usual else "")
        return "\n".join([usage, "", self.about, "", *lines, "", f"{path} VERB --help explains one."])


def _about(verb: type[Verb] | Group) -> str:
    return verb.about if isinstance(verb, Group) else (verb.__doc__ or "").partition("\n")[0]


def command_line(verb: type[Verb] | Group, path: str, words: Sequence[str] | None = None) -> int:
    """A whole command line: what was typed after `path`, or `words`. Returns its exit code, see `exit_code`."""
    return exit_code(lambda: perform(verb, path, sys.argv[1:] if words is None else words))


def perform(verb: type[Verb] | Group, path: str, words: Sequence[str]) -> None:
    """Find the verb that a command line asks for, parse its arguments, run it.

    Args:
        path: what was typed before `words`, such as "den study".

    Raises:
        ConfigError: no such verb, or arguments that do not fit it.
    """
    if not isinstance(verb, Group):
        found = parsed(verb, path, words)
        if found is not None:
            found.run()
        return
    first = next(iter(words), "")
    if first in HELP:
        print(verb.help(path))
    elif first in verb.verbs:
        perform(verb.verbs[first], f"{path} {first}", words[1:])
    elif first and verb.usual:
        perform(verb.verbs[verb.usual], f"{path} {verb.usual}", words)
    elif first:
        raise ConfigError(unknown(f"verbs of {path}", first, verb.verbs))
    else:
        raise ConfigError(f"expected a verb after {path}, found none; there are {', '.join(verb.verbs)}")


V = TypeVar("V", bound=Verb)


def parsed(verb: type[V], path: str, words: Sequence[str]) -> V | None:
    """A verb with its arguments; None where its help was asked for and printed. ConfigError if they do not fit."""
    _check_no_repeats(words, path)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            found, rest = tyro.cli(verb, prog=path, args=words, config=_SETTINGS, return_unknown_args=True)
    except SystemExit as end:
        if not end.code:
            return None
        raise ConfigError(f"{_first_sentences(said.getvalue())}; {path} --help explains") from None
    if not rest:
        return found
    if rest[0].startswith("-"):
        raise ConfigError(unknown(f"options of {path}", rest[0].partition("=")[0], _options(verb)))
    raise ConfigError(f"expected no more words, found {rest[0]!r}; {path} --help explains")


def _options(verb: type[Verb]) -> list[str]:
    """The options that a verb's help begins lines with."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        tyro.cli(verb, args=["--help"], config=_SETTINGS)
    return re.findall(r"^[│ ]{1,2}(--[a-z][\w-]*)", shown.getvalue(), re.MULTILINE)


def _check_no_repeats(words: Sequence[str], path: str) -> None:
    """ConfigError where an option is given twice, of which tyro would take the last alone."""
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    twice = [name for name in given if given.count(name) > 1]
    if twice:
        raise ConfigError(
            f"expected {twice[0]} once, found it twice; {path} --help says whether it takes several values"
        )


def _first_sentences(box: str) -> str:
    """What tyro says first in a box, without its heading, its lines (of dashes where UTF-8 is missing), its colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", box)
    inside = [line.strip("│╰╯ ") for line in plain.splitlines()[1:]]
    inside = [line if line.strip("─-") else "" for line in inside]
    said = itertools.takewhile(bool, itertools.dropwhile(lambda line: not line, inside))
    return " ".join(said).rstrip(".")
