"""
The live display for a terminal, through rich.

Two halves that meet under one lock: whoever emits only notes what happened on the board, and a
thread of its own composes and draws a frame ten times a second at most. A build's stream therefore
never waits for the terminal, and a million lines of output cost what a million notes cost.
"""

from __future__ import annotations

import io
import os
import threading
import time
from typing import TYPE_CHECKING, Self

from stagebuild.report.cells import width
from stagebuild.report.look import UNICODE, Glyphs, Tone
from stagebuild.sinks.board import Board
from stagebuild.sinks.frame import Line, Size, compose, compose_end
from stagebuild.sinks.screen import DrawnLine, Screen
from stagebuild.sinks.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from rich.console import Console

    from stagebuild.runevents import RunEvent

_FRAME_S = 0.1
_FALLBACK_SIZE = Size(columns=80, rows=24)
_STYLES = {
    Tone.PLAIN: "none",
    Tone.TITLE: "bold",
    Tone.QUIET: "dim",
    Tone.GOOD: "green",
    Tone.BUSY: "cyan",
    Tone.CAUTION: "yellow",
    Tone.BAD: "bold red",
}


class ConsoleSink:
    """
    Shows the builds of a run, live; leaves one line per build behind.

    Args:
        stream: The terminal.
        color: Whether colours are welcome.
        glyphs: The marks that its encoding has.
        clock: Any clock that goes on evenly.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        color: bool = True,
        glyphs: Glyphs = UNICODE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._color = color
        self._glyphs = glyphs
        self._clock = clock
        self._board = Board()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._screen = Screen(Writer(stream).write)
        self._rendered: dict[Line, DrawnLine] = {}
        self._console: Console | None = None
        self._thread = threading.Thread(target=self._draw_frames, name="display", daemon=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the summary on the screen and give the cursor back, whatever happened."""
        try:
            self._stop.set()
            self._thread.join()
            with self._lock:
                lines = compose_end(
                    self._board, self._size(), now_s=self._clock(), glyphs=self._glyphs
                )
            self._draw(lines)
        finally:
            self._screen.close()

    def emit(self, event: RunEvent) -> None:
        """Note one event."""
        now_s = self._clock()
        with self._lock:
            self._board.take(event, now_s)

    def _draw_frames(self) -> None:
        self._open_console()  # here, so that importing rich does not delay the build
        while not self._stop.wait(_FRAME_S):
            with self._lock:
                lines = compose(self._board, self._size(), now_s=self._clock(), glyphs=self._glyphs)
            self._draw(lines)

    def _draw(self, lines: list[Line]) -> None:
        # What was drawn a frame ago is most of what is drawn now.
        self._rendered = {line: self._rendered.get(line) or self._render(line) for line in lines}
        drawn = [self._rendered[line] for line in lines]
        self._screen.draw(drawn, columns=self._size().columns)

    def _render(self, line: Line) -> DrawnLine:
        from rich.text import Text  # noqa: PLC0415 - see _draw_frames

        console = self._open_console()
        with console.capture() as captured:
            console.print(
                Text.assemble(*((text, _STYLES[tone]) for text, tone in line)),
                end="",
                soft_wrap=True,
            )
        return DrawnLine(captured.get(), sum(width(text) for text, _ in line))

    def _open_console(self) -> Console:
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415 - see _draw_frames

            # It renders and never writes: rich ends the program when a pipe breaks.
            self._console = Console(
                file=io.StringIO(),
                force_terminal=True,
                no_color=not self._color,
                highlight=False,
                markup=False,
                emoji=False,
            )
        return self._console

    def _size(self) -> Size:
        try:
            found = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return _FALLBACK_SIZE
        # Some pseudo-terminals never say how big they are.
        return Size(
            columns=found.columns or _FALLBACK_SIZE.columns,
            rows=found.lines or _FALLBACK_SIZE.rows,
        )
