"""
Drawing a block of lines in place, at the bottom of what a terminal has printed so far.

rich's ``Live`` erases the whole block before it draws it anew (a flicker on slow links), and counts
on lines that do not wrap: in a window made narrower it leaves pieces behind. Here lines that are
the same are not touched, a frame is one write within a synchronized update, and a block that was
wrapped by a resize is found again by its height as the terminal has reflowed it.

Sources: ECMA-48 for the sequences; Christian Parpart's "Terminal Spec: Synchronized Output" for
synchronized updates (private mode 2026, ignored by terminals without it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HIDE_CURSOR = "\x1b[?25l"
SHOW_CURSOR = "\x1b[?25h"
_BEGIN_UPDATE = "\x1b[?2026h"
_END_UPDATE = "\x1b[?2026l"
_ERASE_TO_LINE_END = "\x1b[K"
_ERASE_BELOW = "\x1b[J"


@frozen(kw_only=False)
class DrawnLine:
    """A line ready for the terminal: its text with escape sequences, and its cells."""

    text: str
    cells: int


class Screen:
    """
    The block, and how it was drawn last.

    Args:
        write: Puts text on the terminal, at once.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._drawn: tuple[DrawnLine, ...] = ()
        self._columns = 0

    def draw(self, lines: Sequence[DrawnLine], *, columns: int) -> None:
        """
        Make the block these lines; the cursor is left at the beginning of the line below it.

        Args:
            lines: Each narrower than the window, in number fewer than its rows.
            columns: Width of the window now.
        """
        resized = columns != self._columns and bool(self._drawn)
        same = () if resized else self._drawn
        if not resized and tuple(lines) == self._drawn:
            return
        parts = [_BEGIN_UPDATE, HIDE_CURSOR, "\r", self._to_top(columns)]
        if resized:
            parts.append(_ERASE_BELOW)
        for number, line in enumerate(lines):
            if number >= len(same) or same[number] != line:
                parts += [line.text, _ERASE_TO_LINE_END]
            # A line feed, since it also makes the line below where there is none yet.
            parts.append("\r\n")
        if len(lines) < len(self._drawn):
            parts.append(_ERASE_BELOW)
        parts.append(_END_UPDATE)
        self._write("".join(parts))
        self._drawn, self._columns = tuple(lines), columns

    def close(self) -> None:
        """Leave the block as it is and give the cursor back."""
        self._write(SHOW_CURSOR)

    def _to_top(self, columns: int) -> str:
        """Return what moves the cursor to the block's first line."""
        rows = sum(max(1, -(-line.cells // max(columns, 1))) for line in self._drawn)
        return f"\x1b[{rows}A" if rows else ""
