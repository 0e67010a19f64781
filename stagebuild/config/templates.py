"""
Text with variables: ``${NAME}``, ``${NAME:-default}``, and ``$$`` for a dollar sign.

A dollar sign before anything else is itself. A default is used when the variable is absent or
empty, and may hold variables too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LENGTH = 1_000_000
"""The most characters that text may expand to: variables can double each other."""

_DEEPEST = 50
_LITERAL = re.compile(r"[^$}]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class Absent(Exception):
    """A variable that has no value; the text says why."""


class Use:
    """The use of a variable in a template."""

    __slots__ = ("default", "name")

    def __init__(self, name: str, default: Template | None) -> None:
        self.name = name
        self.default = default


Template = tuple["str | Use", ...]


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """
    Return literal text and uses of variables, in order.

    Raises:
        Misfit: A ``${`` is not closed or holds no name.
    """
    pieces, _ = _pieces(text, 0, depth=0)
    return pieces


def _pieces(text: str, at: int, *, depth: int) -> tuple[Template, int]:
    """Return the pieces from ``at`` to the end, or to the ``}`` that ends a default."""
    if depth > _DEEPEST:
        raise Misfit("defaults are nested too deeply")
    pieces: list[str | Use] = []
    while at < len(text):
        if text.startswith("$$", at):
            pieces.append("$")
            at += 2
        elif text.startswith("${", at):
            use, at = _use(text, at + 2, depth=depth)
            pieces.append(use)
        elif text[at] == "}" and depth:
            return tuple(pieces), at
        elif found := _LITERAL.match(text, at):
            pieces.append(found[0])
            at = found.end()
        else:
            pieces.append(text[at])
            at += 1
    if depth:
        raise Misfit('"${" is not closed by "}"', hint="write $$ for a dollar sign")
    return tuple(pieces), at


def _use(text: str, at: int, *, depth: int) -> tuple[Use, int]:
    found = _NAME.match(text, at)
    if found is None:
        raise Misfit(
            f'"${{" is not followed by a name in {text[at - 2 : at + 18]!r}',
            hint="write $$ for a dollar sign",
        )
    at = found.end()
    if text.startswith(":-", at):
        default, at = _pieces(text, at + 2, depth=depth + 1)
        return Use(found[0], default), at + 1
    if text.startswith("}", at):
        return Use(found[0], None), at + 1
    if at >= len(text):
        raise Misfit(f'"${{{found[0]}" is not closed by "}}"')
    raise Misfit(
        f'"${{{found[0]}" is followed by {text[at]!r}: only }} and :-default can follow a name'
    )


def expand(text: str, value_of: Callable[[str], str]) -> str:
    """
    Return ``text`` with every variable filled in.

    Args:
        text: A template.
        value_of: Returns a variable's value or raises Absent or Misfit.

    Raises:
        Misfit: The template is broken, a variable unknown, or absent without a default.
    """
    if "$" not in text:
        return text
    return _filled(parse_template(text), value_of)


def _filled(template: Template, value_of: Callable[[str], str]) -> str:
    filled = "".join(
        piece if isinstance(piece, str) else _value(piece, value_of) for piece in template
    )
    if len(filled) > MAX_LENGTH:
        raise Misfit(f"variables make this longer than {MAX_LENGTH:,} characters")
    return filled


def _value(use: Use, value_of: Callable[[str], str]) -> str:
    try:
        value = value_of(use.name)
    except Absent as absent:
        if use.default is None:
            raise Misfit(
                f"${{{use.name}}} has no value: {absent}",
                hint=f"give a default: ${{{use.name}:-…}}",
            ) from None
        return _filled(use.default, value_of)
    if not value and use.default is not None:
        return _filled(use.default, value_of)
    return value


def literal(text: str) -> str:
    """Return the template that expands to ``text`` itself."""
    return text.replace("$", "$$")
