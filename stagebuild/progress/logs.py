"""
Log chunks -> lines.

A chunk is cut anywhere: in mid-line, and in mid-character. What a step writes to stdout and what
it writes to stderr are two texts, each with its own unfinished line. Memory is bounded whatever a
step prints: a line by ``MAX_LINE_CHARACTERS``, a tail by ``TAIL_BYTES``.
"""

from __future__ import annotations

import codecs
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.progress.events import LogChunk

MAX_LINE_CHARACTERS = 4096
"""A longer line is cut there and ends in an ellipsis."""

TAIL_BYTES = 32 * 1024
"""What is kept of a vertex' log, at least, when there is as much."""

_BLOCK_BYTES = 4096
_MAX_BLOCKS = 512
_utf8 = codecs.getincrementaldecoder("utf-8")


class LineAssembler:
    """
    One text that comes in pieces, given back as lines.

    A carriage return goes back to the beginning of the line, as on a terminal: a progress bar is
    one line, its last state.
    """

    __slots__ = ("_cut", "_decoder", "_line", "_returned")

    def __init__(self) -> None:
        self._decoder = _utf8(errors="replace")
        self._line = ""
        self._returned = False
        self._cut = False

    @property
    def unfinished(self) -> str:
        """The line being written, as far as it is known."""
        return self._line

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes; return the lines that they end, undecodable bytes replaced."""
        return self._take(self._decoder.decode(data))

    def close(self) -> list[str]:
        """Return the last line, if it had no line end; else none."""
        lines = self._take(self._decoder.decode(b"", final=True))
        if self._line:
            lines.append(self._line)
        self._begin()
        return lines

    def _take(self, text: str) -> list[str]:
        if not text:
            return []
        *ended, rest = text.split("\n")
        lines = []
        for part in ended:
            self._write(part)
            lines.append(self._line)
            self._begin()
        self._write(rest)
        return lines

    def _begin(self) -> None:
        self._line = ""
        self._returned = False
        self._cut = False

    def _write(self, text: str) -> None:
        """Put ``text``, which has no newline, at the end of the unfinished line."""
        first, *restarts = text.split("\r")
        self._append(first)
        for part in restarts:
            self._returned = True
            self._append(part)

    def _append(self, part: str) -> None:
        if not part:
            return
        if self._returned:
            self._begin()
        if self._cut:
            return
        self._line += part
        if len(self._line) > MAX_LINE_CHARACTERS:
            self._line = self._line[:MAX_LINE_CHARACTERS] + "…"
            self._cut = True


class LogJoiner:
    """The lines of every vertex of a build, for whoever shows them while they come."""

    __slots__ = ("_assemblers",)

    def __init__(self) -> None:
        self._assemblers: dict[tuple[str, int], LineAssembler] = {}

    def add(self, chunk: LogChunk) -> list[str]:
        """Return the lines that ``chunk`` ends, oldest first."""
        key = (chunk.vertex, chunk.stream)
        assembler = self._assemblers.get(key)
        if assembler is None:
            assembler = self._assemblers[key] = LineAssembler()
        return assembler.feed(chunk.data)

    def unfinished(self, vertex: str) -> str:
        """Return the line that the vertex is writing, of the stream that has one, or ""."""
        for (owner, _), assembler in self._assemblers.items():
            if owner == vertex and assembler.unfinished:
                return assembler.unfinished
        return ""

    def end(self, vertex: str) -> list[str]:
        """Forget a vertex that ended; return its lines without a line end."""
        return self._close([key for key in self._assemblers if key[0] == vertex])

    def close(self) -> list[str]:
        """Forget every vertex; return all lines without a line end."""
        return self._close(list(self._assemblers))

    def _close(self, keys: list[tuple[str, int]]) -> list[str]:
        return [line for key in keys for line in self._assemblers.pop(key).close()]


class LogTail:
    """
    The end of one vertex' log.

    Bytes are kept and joined to lines only when asked for: a log of a million lines costs no
    more than its bytes being copied once.
    """

    __slots__ = ("_blocks", "_cut", "_kept_bytes", "size_bytes")

    def __init__(self) -> None:
        self.size_bytes = 0
        """All that was ever added, in bytes."""
        self._blocks: deque[tuple[int, bytearray]] = deque()
        self._kept_bytes = 0
        self._cut: set[int] = set()

    def add(self, stream: int, data: bytes) -> None:
        """Take the next bytes of a stream (1 is stdout, 2 is stderr)."""
        self.size_bytes += len(data)
        if len(data) > TAIL_BYTES:
            data = data[-TAIL_BYTES:]
            self._cut.add(stream)
        self._kept_bytes += len(data)
        blocks = self._blocks
        if blocks and blocks[-1][0] == stream and len(blocks[-1][1]) < _BLOCK_BYTES:
            blocks[-1][1].extend(data)
        else:
            blocks.append((stream, bytearray(data)))
        while len(blocks) > 1 and (
            self._kept_bytes - len(blocks[0][1]) >= TAIL_BYTES or len(blocks) > _MAX_BLOCKS
        ):
            dropped_stream, dropped = blocks.popleft()
            self._kept_bytes -= len(dropped)
            self._cut.add(dropped_stream)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it was dropped."""
        return self._kept_bytes == self.size_bytes

    def clear(self) -> None:
        """Forget the text; the size stays."""
        self._blocks.clear()
        self._kept_bytes = 0
        self._cut.clear()

    def lines(self, count: int) -> tuple[str, ...]:
        """
        Return the last lines, oldest first, at most ``count``.

        Lines of the two streams are in the order in which they ended. A line whose beginning is
        no longer there is left out, unless there is no other.
        """
        kept: deque[str] = deque(maxlen=count)
        beheaded = set(self._cut)
        for stream, line in self._lines():
            if stream in beheaded:
                beheaded.discard(stream)
            else:
                kept.append(line)
        if not kept:
            kept.extend(line for _, line in self._lines())
        return tuple(kept)

    def _lines(self) -> Iterator[tuple[int, str]]:
        assemblers: dict[int, LineAssembler] = {}
        for stream, block in self._blocks:
            assembler = assemblers.setdefault(stream, LineAssembler())
            for line in assembler.feed(bytes(block)):
                yield stream, line
        for stream, assembler in assemblers.items():
            for line in assembler.close():
                yield stream, line
