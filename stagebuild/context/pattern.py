"""
One file pattern, matched as the engine matches it.

``*`` and ``?`` stand for characters of a name, ``**`` for any number of folders, ``[…]`` for one
character, and a backslash takes a character's meaning away. A pattern is matched as a string where
that is enough, else as the regular expression that the engine would make of it, oddities included.

Source: moby/patternmatcher patternmatcher.go (Pattern.compile, Pattern.match).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from stagebuild.context.goglob import BadPattern, check_glob

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "\ufeff"  # Go's text/scanner drops it at the start
_REPLACEMENT = "\ufffd"  # what Go's regexp sees for each byte that is no UTF-8
# Compiled when first used: a build whose patterns are plain paths needs none of them.
_NO_UTF8 = "[\udc80-\udcff]"
_PIECES = r"(?s)\*\*/?|\*|\?|\\.|[^*?\\]+|\\"
_GAPS = r"\*\*/?|[*?\[\]\\]"
_ESCAPED = r"[.+()$]"  # the engine means to escape |, { and } too, but does not
_SPECIAL = r"[\[\]\\{}|^]"
# A star and what follows it up to the next: the first place where that matches is as good as any,
# as the next star takes what is left. Trying the others would take forever with many stars.
_BETWEEN_STARS = r"\[\^/\]\*((?:[^\[(.\\*]|\\.|\[\^/\](?!\*))+)(?=\[\^/\]\*)"
_UNFORESEEABLE = "[|{^\ufffd\udc80-\udcff]"
_WILDCARDS = frozenset("*?[]\\")


class Kind(Enum):
    """What a path is compared with."""

    EXACT = "the whole path"
    PREFIX = "how it begins"
    SUFFIX = "how it ends"
    EXPRESSION = "a regular expression"


class Pattern:
    """
    One pattern.

    Args:
        text: Clean, without its ``!``; bytes that are no UTF-8 as lone surrogates.
        exception: Whether it had a ``!``.

    Raises:
        BadPattern: It can't be read.

    Attributes:
        text: As given.
        exception: As given.
        kind: What a path is compared with.
        start: What every path that it matches begins with; the path itself if ``kind`` is EXACT.
        end: What every path that it matches ends with.
        part: What every path that it matches has in it.
        matches: A function that says whether it matches a path itself; it raises BadPattern where
            the engine can't make sense of the pattern either, which it finds out that late.
    """

    __slots__ = ("end", "exception", "kind", "matches", "part", "start", "text")

    def __init__(self, text: str, *, exception: bool) -> None:
        check_glob(text)
        self.text = text
        self.exception = exception
        self.start = self.end = self.part = b""
        self.matches: Callable[[bytes], bool]
        self.kind, expression = _read(_as_read_by_go(text))
        match self.kind:
            case Kind.EXACT:
                self.start = _bytes(text)
                self.matches = self.start.__eq__
            case Kind.PREFIX:
                self.start = start = _bytes(text)[:-2]
                self.matches = lambda path: path.startswith(start)
            case Kind.SUFFIX:
                wanted = _bytes(text)[2:]
                self.end = end = wanted.removeprefix(b"/")
                self.matches = lambda path: path.endswith(wanted) or path == end
            case Kind.EXPRESSION:
                self._take(expression)

    def _take(self, expression: str) -> None:
        if re.search(_SPECIAL, self.text) is None:
            self.matches = self._first_match(expression)
        else:
            from stagebuild.context.goregexp import compiled_go  # noqa: PLC0415 - rare

            try:
                self.matches = _matcher(compiled_go(f"^{expression}$").search)
            except BadPattern as error:
                self.matches = _refusal(BadPattern(self.text, error.reason))
                return
        if re.search(_UNFORESEEABLE, self.text) is None:
            self._foresee(re.split(_GAPS, self.text.removeprefix(_MARK)))

    def _foresee(self, literals: list[str]) -> None:
        self.start = _bytes(literals[0])
        if "\\" not in self.text:  # it may mean anything, as \d does
            self.end = _bytes(literals[-1])
            self.part = b"" if "[" in self.text else _bytes(max(literals, key=len))

    def _first_match(self, expression: str) -> Callable[[bytes], bool]:
        """Return what compiles the expression when it is needed: most patterns match nothing."""

        def matches(path: bytes) -> bool:
            quick = re.sub(_BETWEEN_STARS, r"(?>[^/]*?\1)", expression)
            self.matches = _matcher(re.compile(rf"{quick}\Z").match)
            return self.matches(path)

        return matches


def _matcher(find: Callable[[str], object]) -> Callable[[bytes], bool]:
    def matches(path: bytes) -> bool:
        return find(_as_read_by_go(path.decode(errors="surrogateescape"))) is not None

    return matches


def _as_read_by_go(text: str) -> str:
    return text if text.isascii() else re.sub(_NO_UTF8, _REPLACEMENT, text)


def _refusal(error: BadPattern) -> Callable[[bytes], bool]:
    def matches(path: bytes) -> bool:
        del path
        raise error

    return matches


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _read(text: str) -> tuple[Kind, str]:
    """
    Return how a pattern is matched, and Go's expression for it without ``^`` and ``$``.

    The expression of a pattern that is compared otherwise says nothing.
    """
    kind = Kind.EXACT
    if _WILDCARDS.isdisjoint(text):
        return kind, ""
    out: list[str] = []
    pieces = re.findall(_PIECES, text.removeprefix(_MARK))
    for number, piece in enumerate(pieces, start=1):
        if piece.startswith("**"):
            if number == len(pieces) and kind is Kind.EXACT:
                kind = Kind.PREFIX
            else:
                out.append(".*" if number == len(pieces) else "(.*/)?")
                kind = Kind.EXPRESSION
            if number == 1:
                kind = Kind.SUFFIX
        elif piece in ("*", "?"):
            out.append("[^/]*" if piece == "*" else "[^/]")
            kind = Kind.EXPRESSION
        elif piece.startswith("\\"):
            out.append(piece)
            kind = Kind.EXPRESSION if len(piece) > 1 else kind
        else:
            out.append(re.sub(_ESCAPED, r"\\\g<0>", piece))
            if "[" in piece or "]" in piece:
                kind = Kind.EXPRESSION
    return kind, "".join(out)
