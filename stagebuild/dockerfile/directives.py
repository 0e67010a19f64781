"""
Parser directives: ``# escape=``, ``# syntax=`` and ``# check=`` before anything else.

The reader and BuildKit's entry point look for them in two different ways, and so do we: `escape`
counts only as long as every line so far was a directive; the frontend (`syntax`) is also found
after a ``#!`` line, in ``//`` comments and in a JSON document, but only at the start of a line.

Source: moby/buildkit frontend/dockerfile/parser/directives.go.
"""

from __future__ import annotations

import json
import re

from stagebuild.dockerfile.words import SPACE_CHARACTERS
from stagebuild.errors import DockerfileError
from stagebuild.values import frozen

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_NAMES = frozenset(("check", "escape", "syntax"))
_ESCAPES = ("\\", "`")


@frozen
class Directive:
    """
    One parser directive.

    Attributes:
        name: ``check``, ``escape`` or ``syntax``, lower-case.
        value: The text after the equals sign, trimmed.
        line: 1-based.
    """

    name: str
    value: str
    line: int


class DirectiveReader:
    """Recognizes directives line by line, until the first line that is none."""

    def __init__(self, *, comment: str = "#") -> None:
        self._comment = comment
        self._seen: set[str] = set()
        self._over = False

    def read(self, text: str, *, line: int) -> Directive | None:
        """
        Return the directive in a line, or None; after the first None all are None.

        Raises:
            DockerfileError: Without a place: the directive was given before.
        """
        if self._over:
            return None
        found = None
        if text.startswith(self._comment):
            content = text[len(self._comment) :].lstrip(SPACE_CHARACTERS)
            found = _DIRECTIVE.fullmatch(content)
        if found is None or (name := found[1].lower()) not in _NAMES:
            self._over = True
            return None
        if name in self._seen:
            raise DockerfileError(
                f"only one {name} directive can be used", hint="remove one of them"
            )
        self._seen.add(name)
        return Directive(name=name, value=found[2], line=line)


def escape_character(directive: Directive) -> str:
    """
    Return the escape character that an ``escape`` directive sets.

    Raises:
        DockerfileError: Without a place: it is neither a backslash nor a backtick.
    """
    if directive.value not in _ESCAPES:
        raise DockerfileError(
            f'invalid escape character "{directive.value}"', hint="use a backslash or a backtick"
        )
    return directive.value


def find_directive(name: str, text: str) -> Directive | None:
    """Return the ``syntax`` or ``check`` directive as BuildKit's entry point finds it, or None."""
    text = text.removeprefix("\ufeff")
    first_line = 1
    if text.startswith("#!"):
        text = text.partition("\n")[2]
        first_line = 2
    return _scan(DirectiveReader(), name, text, first_line)


def find_syntax(text: str) -> Directive | None:
    """
    Return the directive that names the frontend (``docker/dockerfile:1``), or None.

    Unlike other directives it may stand after ``//`` or be a key of a JSON document, since the
    frontend need not speak Dockerfile. Its value's first word is the image.
    """
    found = find_directive("syntax", text)
    if found is not None:
        return found
    text = text.removeprefix("\ufeff")
    found = _scan(DirectiveReader(comment="//"), "syntax", text, 1)
    return found if found is not None else _from_json(text)


def _scan(reader: DirectiveReader, name: str, text: str, first_line: int) -> Directive | None:
    for number, line in enumerate(text.split("\n"), first_line):
        try:
            directive = reader.read(line.removesuffix("\r"), line=number)
        except DockerfileError:
            return None
        if directive is None or directive.name == name:
            return directive
    return None


def _from_json(text: str) -> Directive | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    value = document.get("syntax")
    return Directive(name="syntax", value=value, line=1) if isinstance(value, str) else None
