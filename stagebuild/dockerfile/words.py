"""
The lexical pieces of an instruction: blanks, flags, quoted words, JSON arrays.

Source: moby/buildkit frontend/dockerfile/parser/split_command.go and line_parsers.go.
"""

from __future__ import annotations

import json
import re

from stagebuild.errors import DockerfileError
from stagebuild.values import frozen

SPACE = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Go's ``unicode.IsSpace``; ``str.isspace`` also counts the separators U+001C to U+001F."""

SPACE_CHARACTERS = "".join(sorted(SPACE))
"""The same, for ``str.strip``."""

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_PLAIN_FLAG = re.compile(f"[^{re.escape(SPACE_CHARACTERS)}'\"\\\\`]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@frozen
class CommandLine:
    """
    A logical line, cut in three.

    Attributes:
        keyword: The first word, as it was spelled.
        flags: The ``--…`` words after it, quotes and escapes removed.
        rest: What follows, trimmed.
    """

    keyword: str
    flags: tuple[str, ...]
    rest: str


def split_command(line: str, *, escape: str) -> CommandLine:
    """Return the keyword, the flags and the rest of a logical line."""
    keyword, *tail = _BLANKS.split(line.strip(SPACE_CHARACTERS), maxsplit=1)
    if not tail:
        return CommandLine(keyword=keyword, flags=(), rest="")
    if not tail[0].startswith("--"):
        return CommandLine(keyword=keyword, flags=(), rest=tail[0].strip(SPACE_CHARACTERS))
    # BuildKit reads flags byte by byte: each byte of a character outside ASCII becomes a character.
    octets = tail[0].encode("utf-8", "surrogateescape").decode("latin-1")
    flags, end = _flags(octets, escape)
    rest = octets[end:].encode("latin-1").decode("utf-8", "surrogateescape")
    return CommandLine(keyword=keyword, flags=flags, rest=rest.strip(SPACE_CHARACTERS))


def split_blanks(text: str) -> tuple[str, ...]:
    """Return the words between blanks; none for an empty text."""
    return tuple(_BLANKS.split(text)) if text else ()


def cut_blanks(text: str) -> tuple[str, str | None]:
    """Return what stands before and after the first blanks; None without blanks."""
    head, *tail = _BLANKS.split(text, maxsplit=1)
    return head, tail[0] if tail else None


def _flags(text: str, escape: str) -> tuple[tuple[str, ...], int]:
    """Return the flags that ``text`` starts with, and where the rest begins."""
    flags: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in SPACE:
            position += 1
        if not text.startswith("--", position):
            return tuple(flags), position
        word, position = _flag(text, position, escape)
        if word == "--":
            return tuple(flags), position
        if word:
            flags.append(word)


def _flag(text: str, position: int, escape: str) -> tuple[str, int]:
    """Return the flag that begins at ``position``, and its end."""
    plain = _PLAIN_FLAG.match(text, position)
    if plain is not None and (plain.end() == len(text) or text[plain.end()] in SPACE):
        return plain.group(), plain.end()
    word: list[str] = []
    quote = ""
    while position < len(text):
        character = text[position]
        if not quote and character in SPACE:
            break
        position += 1
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character != escape:
            word.append(character)
        elif position < len(text):
            word.append(text[position])
            position += 1
    return "".join(word), position


def quoted_words(text: str, *, escape: str) -> tuple[str, ...]:
    """
    Return the words between spaces that are neither quoted nor escaped.

    Quotes and escapes stay: variables are expanded later, and need them.
    """
    words: list[str] = []
    word: list[str] = []
    quote = ""
    quoted = False
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if not quote and character in SPACE:
            if word or quoted:
                words.append("".join(word))
            word, quoted = [], False
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote, quoted = character, True
        if character == escape and quote != "'":
            if position == len(text):
                break  # an escape at the very end is dropped
            word.append(character)
            character = text[position]
            position += 1
        word.append(character)
    if word or quoted:
        words.append("".join(word))
    return tuple(words)


def string_array(text: str) -> tuple[str, ...] | None:
    """
    Return the strings of a JSON array, or None when ``text`` is not a JSON array.

    Raises:
        DockerfileError: Without a place: it is a JSON array, but not one of strings only.
    """
    text = text.lstrip(SPACE_CHARACTERS)
    if not text.startswith("["):
        return None
    try:
        # Numbers are refused below: reading them as their length avoids Python's digit limit.
        values = json.loads(text, parse_int=len, parse_float=len, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise DockerfileError(
            "a JSON array here holds strings only", hint='put every element between "…"'
        )
    return tuple(_LONE_SURROGATE.sub("\ufffd", value) for value in values)


def _no_constant(name: str) -> object:
    raise ValueError(name)
