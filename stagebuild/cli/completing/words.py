"""What can be typed after ``stagebuild``, out of the parsers."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from stagebuild.cli.arguments import VERBS, parser_of
from stagebuild.values import frozen

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


class Value(Enum):
    """What an option or a word takes."""

    NOTHING = "nothing"
    ANYTHING = "anything"
    CHOICE = "choice"
    FILE = "file"
    ENVIRONMENT = "environment"
    STAGE = "stage"


@frozen
class Option:
    """
    One option.

    Attributes:
        names: As typed: ``-f``, ``--file``.
        help: One line.
        value: What follows it.
        choices: Where it takes one of some words.
    """

    names: tuple[str, ...]
    help: str
    value: Value
    choices: tuple[str, ...] = ()


@frozen
class Verb:
    """
    A verb with what it takes.

    Attributes:
        name: As typed.
        help: One line.
        options: In the order of ``--help``.
        words: What its words are.
        choices: Where they are one of some.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    words: Value
    choices: tuple[str, ...] = ()


def verbs() -> tuple[Verb, ...]:
    """Return every verb; ``build`` is also what is meant without one."""
    return tuple(_verb(name, parser_of(name, {})) for name in VERBS)


def _verb(name: str, parser: argparse.ArgumentParser) -> Verb:
    words = [action for action in parser._actions if not action.option_strings]  # noqa: SLF001 - argparse has no public way
    kind, choices = _value(words[0]) if words else (Value.NOTHING, ())
    return Verb(
        name=name,
        help=_line(parser.description or name),
        options=tuple(_options(parser)),
        words=kind,
        choices=choices,
    )


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:  # noqa: SLF001 - as above
        if action.option_strings:
            kind, choices = _value(action)
            yield Option(
                names=tuple(action.option_strings),
                help=_line(action.help or ""),
                value=kind,
                choices=choices,
            )


def _value(action: argparse.Action) -> tuple[Value, tuple[str, ...]]:
    if action.nargs == 0:
        return Value.NOTHING, ()
    if action.choices is not None:
        return Value.CHOICE, tuple(map(str, action.choices))
    metavar = str(action.metavar or "")
    for mark, kind in (
        ("ENV", Value.ENVIRONMENT),
        ("STAGE", Value.STAGE),
        ("PATH", Value.FILE),
        ("FILE", Value.FILE),
    ):
        if mark in metavar and "=" not in metavar:
            return kind, ()
    return Value.ANYTHING, ()


def _line(text: str) -> str:
    """Return a help text on one line, without what argparse would fill in."""
    return " ".join(text.split()).replace("%%", "%")
