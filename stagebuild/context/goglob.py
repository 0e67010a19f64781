r"""
Go's shell patterns, ``path.Match``: ``*``, ``?``, ``[a-z]``, ``[^a-z]``, and ``\`` before these.

Names and patterns are text whose bytes that are no UTF-8 stand as lone surrogates, as
``surrogateescape`` makes them.

Source: Go's path/filepath/match.go.
"""

from __future__ import annotations

import re

# Compiled when first used, since most builds have no pattern that needs one.
# A class begins, after an optional ^, with at least one element; -, ] and \ need a backslash in it.
_ONE = r"(?:\\[^\udc80-\udcff]|[^\]\\\-\udc80-\udcff])"
_CLASS = rf"\[\^?+(?>{_ONE}(?:-{_ONE})?+)++\]"
_VALID = rf"(?s)(?>[^\\\[]|\\.|{_CLASS})*+\Z"
# Stars and what follows them up to the next star that is not in brackets.
_CHUNKS = r"(?s)(\**+)((?:\\.?|\[(?:\\.?|[^\]\\])*+\]?|[^*\\\[])*+)"
_PIECES = rf"(?s)(\\.|{_CLASS}|.)"
_ELEMENTS = rf"({_ONE})(?:-({_ONE}))?+"
_WILD = r"(?s)(?:[^\\*?\[]|\\.?)*+[*?\[]"
_WILDCARDS = frozenset("*?[")
_REPLACEMENT = 0xFFFD  # what Go reads where there is no UTF-8


class BadPattern(ValueError):
    """
    A pattern can't be read.

    Attributes:
        pattern: As it was given.
        reason: What is wrong with it.
    """

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f'invalid pattern "{pattern}": {reason}')
        self.pattern = pattern
        self.reason = reason


def check_glob(pattern: str) -> None:
    """
    Return if Go tells no mistake in a pattern when it compares it with the name ``.``.

    That is how the engine checks a pattern. Go reads up to the first star behind which ``.`` can't
    match, so a mistake after that is found later or never.

    Raises:
        BadPattern: A class has no end or an element missing, or nothing follows a backslash.
    """
    if "[" not in pattern and "\\" not in pattern:
        return
    name = "."
    chunks = [chunk for chunk in re.findall(_CHUNKS, pattern) if any(chunk)]
    for number, (star, chunk) in enumerate(chunks, start=1):
        if re.match(_VALID, chunk) is None:
            raise BadPattern(pattern, 'a "[" without its "]", or nothing after a "\\"')
        found = re.compile("".join(map(_expression, re.findall(_PIECES, chunk))))
        starts = range(len(name) + 1) if star else (0,)
        ends = (match.end() for start in starts if (match := found.match(name, start)) is not None)
        end = next((end for end in ends if number < len(chunks) or end == len(name)), None)
        if end is None:
            return
        name = name[end:]


def has_wildcard(pattern: str) -> bool:
    """Say whether a pattern can match more than one name."""
    return not _WILDCARDS.isdisjoint(pattern) and re.match(_WILD, pattern) is not None


def compiled_glob(pattern: str) -> re.Pattern[str]:
    """
    Return a regular expression whose ``match`` tells what a pattern matches.

    A pattern with a mistake matches nothing.
    """
    if re.match(_VALID, pattern) is None:
        return re.compile("(?!)")
    return re.compile("".join((*map(_expression, re.findall(_PIECES, pattern)), r"\Z")))


def _expression(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece[0] == "[" and len(piece) > 1:
        return _class(piece[1:-1])
    return re.escape(piece[-1])


def _class(inner: str) -> str:
    negated = inner.startswith("^")
    elements = re.findall(_ELEMENTS, inner[negated:])
    ranges = [(ord(low[-1]), ord((high or low)[-1])) for low, high in elements]
    ranges = [(low, high) for low, high in ranges if low <= high]
    if any(low <= _REPLACEMENT <= high for low, high in ranges):
        ranges.append((0xDC80, 0xDCFF))
    if not ranges:
        return "(?s:.)" if negated else r"(?!)"
    return f"[{'^' if negated else ''}{spelled_ranges(ranges)}]"


def spelled_ranges(ranges: list[tuple[int, int]]) -> str:
    """Return what stands for ranges of characters between the brackets of Python's classes."""
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
