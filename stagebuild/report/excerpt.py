"""The lines of a Dockerfile around an instruction."""

from __future__ import annotations

import re

from stagebuild.values import frozen

_CONTEXT_LINES = 3
_MARKED_LINES = 12
_CONTINUED = re.compile(r"[\\`][ \t]*$")
_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z_][\w.]*)\2")


@frozen
class ShownLine:
    """
    A line of a file.

    Attributes:
        number: 1-based.
        text: Without its end.
        marked: Whether it belongs to the instruction meant.
    """

    number: int
    text: str
    marked: bool


def excerpt(dockerfile: str, line: int) -> tuple[ShownLine, ...]:
    """
    Return the instruction that begins at ``line`` with up to 3 lines before and after it.

    Of a longer instruction its first 12 lines are returned, and nothing that follows. Empty when
    the text has no such line, as when the file was edited during the build.
    """
    lines = dockerfile.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not 1 <= line <= len(lines):
        return ()
    end = _last_line(lines, line)
    first = max(1, line - _CONTEXT_LINES)
    marked = min(end, line + _MARKED_LINES - 1)
    last = min(len(lines), end + _CONTEXT_LINES) if marked == end else marked
    return tuple(
        ShownLine(number=n, text=lines[n - 1].rstrip("\r"), marked=line <= n <= end)
        for n in range(first, last + 1)
    )


def _last_line(lines: list[str], line: int) -> int:
    """
    Return the last line of the instruction that begins at ``line``.

    Follows continuations (comments between them too) and heredocs. The full reader isn't asked:
    an excerpt is also wanted of a file which that reader refuses.
    """
    end = line
    while end < len(lines):
        text = lines[end - 1]
        commented = end > line and text.lstrip().startswith("#")
        if not commented and not _CONTINUED.search(text.rstrip("\r")):
            break
        end += 1
    for found in _HEREDOC.finditer("\n".join(lines[line - 1 : end])):
        dash, name = found[1], found[3]
        for number in range(end + 1, len(lines) + 1):
            body = lines[number - 1].rstrip("\r")
            if (body.lstrip("\t") if dash else body) == name:
                end = number
                break
    return end
