"""Writing text to a stream that may go away: a pipe's reader that left must not fail a build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO


class Writer:
    """
    Writes to a text stream, at once and whole, and falls silent for good when that is impossible.

    Characters that the stream's encoding lacks become escapes. Goes around the text layer where
    there is one to go around: at a hundred thousand lines a second it would be the bottleneck.

    Attributes:
        gone: Whether the stream could no longer be written to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._binary: BinaryIO | None = getattr(stream, "buffer", None)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.gone = False

    def write(self, text: str) -> None:
        """Write ``text`` and flush it."""
        if self.gone:
            return
        try:
            self._put(text)
        except (OSError, ValueError):  # closed by its reader, or by us
            self.gone = True

    def _put(self, text: str) -> None:
        if self._binary is None:
            self._stream.write(text)
            self._stream.flush()
        else:
            _write_all(self._binary, text.encode(self._encoding, "backslashreplace"))


def _write_all(binary: BinaryIO, data: bytes) -> None:
    """Write ``data``, also to a terminal that another program has made non-blocking (ssh, node)."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[binary.write(rest) :]
            binary.flush()
        except BlockingIOError as full:
            rest = rest[full.characters_written :]
            os.set_blocking(binary.fileno(), True)
            binary.flush()
