"""The live display, on a pseudo-terminal, read back the way a terminal does."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from typing import TYPE_CHECKING

import pytest

from stagebuild.sinks.console import ConsoleSink
from stagebuild.sinks.screen import HIDE_CURSOR, SHOW_CURSOR, DrawnLine, Screen
from stagebuild.testing import ran

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from tests.sinks.conftest import Run

MAKE = "[builder 2/5] RUN make"
_SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)", re.DOTALL)


class Terminal:
    """As much of a terminal as the display uses; no wrapping, since it draws no line so long."""

    def __init__(self) -> None:
        self.rows = [""]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        for parameters, final, cr, lf, plain in _SEQUENCE.findall(text):
            if cr:
                self.column = 0
            elif lf:
                self.row += 1
                if self.row == len(self.rows):
                    self.rows.append("")
            elif plain:
                before = self.rows[self.row][: self.column].ljust(self.column)
                after = self.rows[self.row][self.column + len(plain) :]
                self.rows[self.row] = before + plain + after
                self.column += len(plain)
            elif final == "A":
                self.row = max(0, self.row - int(parameters))
            elif final == "K":
                self.rows[self.row] = self.rows[self.row][: self.column]
            elif final == "J":
                self.rows[self.row] = self.rows[self.row][: self.column]
                del self.rows[self.row + 1 :]
            else:
                assert final in "mhl", (parameters, final)


class Pty:
    """A pseudo-terminal of 80 by 24 cells, and everything that was written to it."""

    def __init__(self) -> None:
        self._controller, follower = os.openpty()
        tty.setraw(follower)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.stream: TextIO = os.fdopen(follower, "w", encoding="utf-8")
        self.chunks: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._controller, 65536)
            except OSError:  # the other side was closed
                return
            self.chunks.append(data)

    def written(self) -> str:
        """Close it and return all that was written."""
        self.stream.close()
        self._reader.join(timeout=5)
        os.close(self._controller)
        return b"".join(self.chunks).decode()


@pytest.fixture
def pty() -> Iterator[Pty]:
    terminal = Pty()
    yield terminal
    terminal.stream.close()


def shown(written: str) -> list[str]:
    terminal = Terminal()
    terminal.feed(written)
    return [row.rstrip() for row in terminal.rows]


def test_a_run_leaves_one_line_and_the_cursor(run: Run, pty: Pty) -> None:
    with ConsoleSink(pty.stream) as sink:
        sink.emit(run.started())
        sink.emit(run.begins(MAKE))
        sink.emit(run.prints(MAKE, b"compiling\n"))
        time.sleep(0.5)
        sink.emit(run.succeeded())
    written = pty.written()
    assert "│ compiling" in written
    (line, below) = shown(written)
    assert re.fullmatch(r"✓ prod  0\.\d s  0/5 cached  sha256:ab12cd34ab12", line)
    assert below == ""
    assert written.rindex(SHOW_CURSOR) > written.rindex(HIDE_CURSOR)


def test_the_cursor_is_given_back_when_the_run_raises(run: Run, pty: Pty) -> None:
    def interrupted() -> None:
        with ConsoleSink(pty.stream) as sink:
            sink.emit(run.started())
            time.sleep(0.3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    written = pty.written()
    assert written.endswith(SHOW_CURSOR)
    assert shown(written)[0].endswith("interrupted")


def test_no_color_means_no_colour(run: Run, pty: Pty) -> None:
    with ConsoleSink(pty.stream, color=False) as sink:
        sink.emit(run.started())
        sink.emit(run.succeeded())
    assert re.search(r"\x1b\[[\d;]*3\dm", pty.written()) is None


def test_a_terminal_that_went_away_does_not_stop_the_build(run: Run) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    with ConsoleSink(stream) as sink:
        sink.emit(run.started())
        time.sleep(0.25)
        sink.emit(run.succeeded())
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # so that closing it succeeds
    stream.close()


def test_frames_are_ten_a_second_at_most(run: Run, pty: Pty) -> None:
    with ConsoleSink(pty.stream) as sink:
        sink.emit(run.started())
        sink.emit(run.begins(MAKE))
        until_s = time.monotonic() + 1.0
        while time.monotonic() < until_s:
            sink.emit(run.prints(MAKE, b"%f\n" % time.monotonic()))
            time.sleep(0.002)
    assert pty.written().count(HIDE_CURSOR) <= 12


def test_a_flood_of_output_costs_next_to_nothing(
    run: Run, pty: Pty, capsys: pytest.CaptureFixture[str]
) -> None:
    event = run.prints(MAKE, b"a line of a long log\n")
    with ConsoleSink(pty.stream) as sink:
        sink.emit(run.started())
        sink.emit(run.begins(MAKE))
        begun_s = time.process_time()
        for _ in range(200_000):
            sink.emit(event)
        took_s = time.process_time() - begun_s
    with capsys.disabled():
        print(f"console: {200_000 / took_s:,.0f} lines/s", end=" ")
    assert took_s < 2.0


def test_rich_is_not_imported_before_a_display_is_shown() -> None:
    program = "import sys, stagebuild.sinks.console; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class TestScreen:
    """The block of lines, drawn in place."""

    @pytest.fixture
    def screen(self) -> tuple[Screen, list[str]]:
        written: list[str] = []
        return Screen(written.append), written

    @staticmethod
    def lines(*texts: str) -> list[DrawnLine]:
        return [DrawnLine(text, len(text)) for text in texts]

    def test_a_block_replaces_the_one_before(self, screen: tuple[Screen, list[str]]) -> None:
        block, written = screen
        block.draw(self.lines("one", "two", "three"), columns=80)
        block.draw(self.lines("one", "2"), columns=80)
        block.draw(self.lines("one", "2", "drei", "vier"), columns=80)
        assert shown("".join(written)) == ["one", "2", "drei", "vier", ""]

    def test_what_stands_above_is_not_touched(self, screen: tuple[Screen, list[str]]) -> None:
        block, written = screen
        block.draw(self.lines("one", "two"), columns=80)
        block.draw(self.lines("1"), columns=80)
        assert shown("before\r\n" + "".join(written)) == ["before", "1", ""]

    def test_lines_that_are_the_same_are_not_written_again(
        self, screen: tuple[Screen, list[str]]
    ) -> None:
        block, written = screen
        block.draw(self.lines("same", "old"), columns=80)
        block.draw(self.lines("same", "new"), columns=80)
        assert "same" not in written[-1]

    def test_a_block_that_is_the_same_is_not_written_at_all(
        self, screen: tuple[Screen, list[str]]
    ) -> None:
        block, written = screen
        block.draw(self.lines("same"), columns=80)
        block.draw(self.lines("same"), columns=80)
        assert len(written) == 1

    def test_a_block_that_a_narrower_window_wrapped_is_found_again(
        self, screen: tuple[Screen, list[str]]
    ) -> None:
        block, written = screen
        block.draw(self.lines("x" * 70, "y" * 10), columns=80)
        block.draw(self.lines("x" * 29), columns=30)
        assert "\x1b[4A" in written[-1], "70 cells are three rows of 30"

    def test_a_frame_is_one_write(self, screen: tuple[Screen, list[str]]) -> None:
        block, written = screen
        block.draw(self.lines("one", "two"), columns=80)
        assert len(written) == 1


def test_emitting_from_many_threads_under_a_lock_is_shown(run: Run, pty: Pty) -> None:
    lock = threading.Lock()

    def work(sink: ConsoleSink, name: str) -> None:
        for number in range(200):
            with lock:
                sink.emit(run.progressed(ran(f"[s{number} 1/1] RUN x", 0, 1), name))

    with ConsoleSink(pty.stream) as sink:
        names = [f"build{n}" for n in range(5)]
        for name in names:
            sink.emit(run.started(name))
        threads = [threading.Thread(target=work, args=(sink, name)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in names:
            sink.emit(run.succeeded(name))
    assert [line.split()[1] for line in shown(pty.written())[:-1]] == names
