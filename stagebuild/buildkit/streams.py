"""
One exchange on an HTTP/2 connection: headers and bytes each way, and what waits to be sent.

A stream belongs to its connection, which moves the bytes; the fields that say how far it has come
are public to it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit import frames, hpack
from stagebuild.buildkit.frames import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.hpack import Header
    from stagebuild.buildkit.http2 import Connection


class Receiver(Protocol):
    """What a stream tells."""

    def on_headers(self, headers: list[Header], *, ended: bool) -> None:
        """Headers or trailers came; ``ended``: nothing follows."""

    def on_data(self, data: bytes, *, ended: bool) -> None:
        """Some bytes came, cut anywhere."""

    def on_lost(self, error: BuildKitError) -> None:
        """The peer or we gave the stream up, or the connection is gone; nothing follows."""


class _Ignore:
    def on_headers(self, headers: list[Header], *, ended: bool) -> None: ...
    def on_data(self, data: bytes, *, ended: bool) -> None: ...
    def on_lost(self, error: BuildKitError) -> None: ...


class Stream:
    """
    One exchange on a connection: headers and bytes each way.

    Attributes:
        number: Odd when the client opened it.
        receiver: Who is told what comes.
        producer: Called when little waits to be sent; it sends more, or sets itself to None.
        queued_bytes: How much waits to be sent.
        window: How many bytes the peer takes now; negative after it took some of that back.
        consumed: Bytes received that the peer was not yet told about.
        closing: Whether the end comes after what is queued.
        trailers: The header block to end with, or None to end without.
        ended_here: Whether our side has said that nothing follows.
        ended_there: Whether the peer has.
    """

    __slots__ = (
        "_connection", "_head", "_queue", "closing", "consumed", "ended_here", "ended_there",
        "number", "producer", "queued_bytes", "receiver", "trailers", "window",
    )  # fmt: skip

    def __init__(self, connection: Connection, number: int, window: int) -> None:
        self.number = number
        self.receiver: Receiver = _Ignore()
        self.producer: Callable[[], None] | None = None
        self.queued_bytes = 0
        self.consumed = 0
        self._connection = connection
        self._head = memoryview(b"")  # what goes out first, then the queue
        self._queue: deque[bytes] = deque()
        self.window = window
        self.trailers: bytes | None = None
        self.closing = False
        self.ended_here = False
        self.ended_there = False

    def send_headers(self, headers: Iterable[Header], *, ends: bool = False) -> None:
        """Send headers; with ``ends`` they are trailers, and go after all that is queued."""
        block = hpack.encode(headers)
        if self.ended_here or self.closing:
            return
        if ends and self.queued_bytes:
            self.trailers, self.closing = block, True
            return
        self.ended_here = ends
        self._connection.write_frames(frames.headers(self.number, block, ends=ends))
        self._connection.settle(self)

    def send(self, data: bytes) -> None:
        """Queue bytes; they go out as the peer takes them."""
        if self.ended_here or self.closing or not data:
            return
        self._queue.append(data)
        self.queued_bytes += len(data)
        self._connection.schedule(self)

    def end(self) -> None:
        """Say that nothing follows from our side."""
        if not (self.ended_here or self.closing):
            self.closing = True
            self._connection.schedule(self)

    def flush(self) -> None:
        """Send what may be sent now; needed only outside of the receiver's functions."""
        self._connection.pump()

    def reset(self, code: ErrorCode = ErrorCode.CANCEL) -> None:
        """Give the exchange up; the receiver hears no more of it."""
        if self.ended_here and self.ended_there:
            return
        self._connection.reset(self, code)

    @property
    def is_over(self) -> bool:
        """Whether both sides have said that nothing follows."""
        return self.ended_here and self.ended_there

    def take(self, count: int, out: list[bytes | memoryview]) -> None:
        """Move ``count`` bytes, at most ``queued_bytes``, from what is queued to ``out``."""
        self.queued_bytes -= count
        while count:
            if not self._head:
                self._head = memoryview(self._queue.popleft())
            taken, self._head = self._head[:count], self._head[count:]
            out.append(taken)
            count -= len(taken)
