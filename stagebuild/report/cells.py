"""
Text measured in terminal cells: East Asian and emoji characters take two, combining ones none.

Also what makes text of strangers (a step's output) safe to show: no escape sequence, no control
character gets to the terminal, and of a line that a progress bar redrew only the last state stays.
"""

from __future__ import annotations

import re

from stagebuild.progress.ansi import strip_escapes

# What strip_escapes leaves and still breaks a line apart, or turns the reading direction around.
_BREAKING = r"[\n\u2028\u2029\u202a-\u202e\u2066-\u2069]"


def clean(line: str) -> str:
    """
    Return one line of a program's output as it may be shown, on one line.

    Escape sequences, control characters and bidirectional overrides are removed, tabs become
    spaces up to the next multiple of 8, and what stands before the last carriage return is gone.
    """
    if line.isprintable():
        return line
    line = line.rstrip("\r\n")
    line = strip_escapes(line[line.rfind("\r") + 1 :])
    return re.sub(_BREAKING, "", line).expandtabs()


def width(text: str) -> int:
    """Return how many cells ``text`` takes; it holds no control characters."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - rarely needed

    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def fit(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """Return ``text`` cut to at most ``cells`` cells, ending in ``ellipsis`` if it was cut."""
    if width(text) <= cells:
        return text
    room = cells - len(ellipsis)
    if room < 0:
        return ellipsis[: max(cells, 0)]
    if text.isascii():
        return text[:room] + ellipsis
    end = taken = 0
    for character in text:
        taken += _character_width(character)
        if taken > room:
            break
        end += 1
    return text[:end] + ellipsis


def left(text: str, cells: int) -> str:
    """Return ``text`` with spaces behind it up to ``cells`` cells."""
    return text + " " * (cells - width(text))


def right(text: str, cells: int) -> str:
    """Return ``text`` with spaces before it up to ``cells`` cells."""
    return " " * (cells - width(text)) + text
