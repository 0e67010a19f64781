"""Terminal escape sequences, and text without them."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"""
      (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]       # control sequences: colours, cursor, erasing
    | \x1b\] .*? (?:\x07|\x1b\\|\Z)             # system commands: titles, links
    | \x1b[PX^_] .*? (?:\x1b\\|\Z)              # device and application strings
    | \x1b [ -/]* [0-~]                         # two-character sequences
    | [\x00-\x08\x0b-\x1f\x7f\x80-\x9f]         # control characters but tab and newline
    """,
    re.VERBOSE | re.DOTALL,
)


def strip_escapes(text: str) -> str:
    """
    Return ``text`` without what would move, colour or ring a terminal; tabs and newlines stay.

    Source: ECMA-48, 5.4 (control sequences) and 5.6 (control strings).
    """
    if text.isprintable():
        return text
    return _ESCAPES.sub("", text)
