r"""
Go's regular expressions, in Python's spelling.

The engine turns a file pattern into a regular expression and leaves some characters as they are:
``|``, ``{``, ``}``, ``^`` and what follows a backslash mean there what they mean to Go's regexp.
A pattern that has them is rare, and then this is how it matches.

Source: Go's regexp/syntax (parse.go), with the flags of ``regexp.Compile``.
"""

from __future__ import annotations

import re
from typing import NoReturn

from stagebuild.context.goglob import BadPattern, spelled_ranges

_TOP = 0x10FFFF
_LAST_ASCII = 0x7F
_MOST_REPEATS = 1000
_REPEAT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_HEX = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_POSIX = re.compile(r"(?s)\[:(\^?)((?:(?!:\]).)*):\]")
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_PLAIN = {"^": r"\A", "$": r"\Z", ".": r"[^\n]"}
_ANCHORS = {"A": r"\A", "b": r"\b", "B": r"\B", "z": r"\Z"}

Ranges = list[tuple[int, int]]

_DIGIT, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
_PERL: dict[str, Ranges] = {
    "d": [_DIGIT],
    "s": [(9, 10), (12, 13), (32, 32)],
    "w": [_DIGIT, _UPPER, (0x5F, 0x5F), _LOWER],
}
_NAMED: dict[str, Ranges] = {
    "alnum": [_DIGIT, _UPPER, _LOWER],
    "alpha": [_UPPER, _LOWER],
    "ascii": [(0, 0x7F)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 0x1F), (0x7F, 0x7F)],
    "digit": [_DIGIT],
    "graph": [(0x21, 0x7E)],
    "lower": [_LOWER],
    "print": [(0x20, 0x7E)],
    "punct": [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
    "space": [(9, 13), (32, 32)],
    "upper": [_UPPER],
    "word": [_DIGIT, _UPPER, (0x5F, 0x5F), _LOWER],
    "xdigit": [_DIGIT, (0x41, 0x46), (0x61, 0x66)],
}


def compiled_go(expression: str) -> re.Pattern[str]:
    r"""
    Return a regular expression whose ``search`` finds what Go's ``MatchString`` finds.

    Raises:
        BadPattern: Go refuses it, or it names a class of Unicode (``\pL``), which we can't tell.
    """
    return re.compile(_Translation(expression).python(), re.ASCII)


class _Translation:
    """One expression, read from left to right."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0
        self._out: list[str] = []
        self._atom: int | None = None  # where in `out` begins what a repetition would repeat
        self._repeated = False
        self._groups: list[int] = []

    def python(self) -> str:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        return "".join(self._out)

    def _step(self, char: str) -> None:
        match char:
            case "^" | "$" | ".":
                self._plain(_PLAIN[char])
            case "*" | "?":
                self._repeat(char, width=1)
            case "|" | "(":
                self._open(char)
            case ")":
                self._plain(")")
                self._atom = self._groups.pop()
            case "{":
                self._braces()
            case "[":
                self._add(self._class())
            case "\\":
                self._backslash()
            case _:
                self._plain(re.escape(char))

    def _open(self, char: str) -> None:
        if char == "(":
            self._groups.append(len(self._out))
        self._plain("|" if char == "|" else "(?:")
        self._atom = None

    def _plain(self, python: str) -> None:
        self._at += 1
        self._add(python)

    def _add(self, python: str) -> None:
        self._atom = len(self._out)
        self._repeated = False
        self._out.append(python)

    def _repeat(self, python: str, *, width: int) -> None:
        if self._atom is None:
            self._refuse("nothing to repeat")
        if self._repeated:
            self._refuse("a repetition of a repetition")
        self._at += width
        self._repeated = True
        self._out[self._atom :] = ["(?:", *self._out[self._atom :], ")", python]

    def _braces(self) -> None:
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            self._plain(r"\{")
            return
        low, comma, high = found.groups()
        if int(low) > _MOST_REPEATS or (high and not int(low) <= int(high) <= _MOST_REPEATS):
            self._refuse(f"{found[0]} is no number of times")
        self._repeat(f"{{{low}{comma or ''}{high or ''}}}", width=len(found[0]))

    def _backslash(self) -> None:
        char = self._text[self._at + 1 : self._at + 2]
        if char in _ANCHORS:
            self._add(_ANCHORS[char])
            self._at += 2
        elif char == "Q":
            literal, _, _ = self._text[self._at + 2 :].partition(r"\E")
            self._at = min(self._at + 4 + len(literal), len(self._text))
            self._repeated = False
            for one in literal:
                self._add(re.escape(one))
        elif (ranges := self._perl_class()) is not None:
            self._add(f"[{spelled_ranges(ranges)}]")
        else:
            self._add(re.escape(chr(self._escaped())))

    def _class(self) -> str:
        opening = self._at
        self._at += 1
        negated = self._text.startswith("^", self._at)
        self._at += negated
        ranges: Ranges = []
        first = True
        while first or not self._text.startswith("]", self._at):
            first = False
            if self._at >= len(self._text):
                self._at = opening
                self._refuse('a "[" without its "]"')
            ranges += self._named_class() or self._perl_class() or self._range()
        self._at += 1
        return f"[{'^' if negated else ''}{spelled_ranges(ranges)}]"

    def _range(self) -> Ranges:
        low = high = self._class_char()
        if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
            if self._at + 1 == len(self._text):
                return [(low, high)]
            self._at += 1
            high = self._class_char()
        if high < low:
            self._refuse(f"{chr(low)}-{chr(high)} is an empty range")
        return [(low, high)]

    def _class_char(self) -> int:
        if self._at >= len(self._text):
            self._refuse('a "[" without its "]"')
        if self._text[self._at] == "\\":
            return self._escaped()
        self._at += 1
        return ord(self._text[self._at - 1])

    def _named_class(self) -> Ranges | None:
        found = _POSIX.match(self._text, self._at)
        if found is None:
            return None
        if found[2] not in _NAMED:
            self._refuse(f"{found[0]} is no class of characters")
        self._at = found.end()
        return _complement(_NAMED[found[2]]) if found[1] else _NAMED[found[2]]

    def _perl_class(self) -> Ranges | None:
        if not self._text.startswith("\\", self._at):
            return None
        char = self._text[self._at + 1 : self._at + 2]
        if char in ("p", "P"):
            self._refuse(f"\\{char} names a class of Unicode, which stagebuild does not know")
        ranges = _PERL.get(char.lower())
        if ranges is None:
            return None
        self._at += 2
        return ranges if char.islower() else _complement(ranges)

    def _escaped(self) -> int:
        """Return the character that a backslash and what follows stand for."""
        char = self._text[self._at + 1 : self._at + 2]
        if found := _OCTAL.match(self._text, self._at):
            self._at = found.end()
            return int(found[1], 8)
        if found := _HEX.match(self._text, self._at):
            code = int(found[1] or found[2], 16)
            if code <= _TOP:
                self._at = found.end()
                return code
        elif char in _CONTROLS:
            self._at += 2
            return _CONTROLS[char]
        elif char and ord(char) <= _LAST_ASCII and not char.isalnum():
            self._at += 2
            return ord(char)
        return self._refuse(f"\\{char} means nothing")

    def _refuse(self, reason: str) -> NoReturn:
        raise BadPattern(self._text, reason)


def _complement(ranges: Ranges) -> Ranges:
    found: Ranges = []
    start = 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    if start <= _TOP:
        found.append((start, _TOP))
    return found
