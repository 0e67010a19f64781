"""
What goes out on an HTTP/2 connection: as much as the peer takes, one share of each stream in turn.

A peer says how many bytes it will take, for each stream and for all together, and says so again as
it reads. What it does not take yet waits in the stream. A stream with much to send has a
``producer``, which is asked for more only when little is waiting, so that memory stays small
whatever the size of a build context. Messages are queued whole and cut into frames of 16 KB when
they go out: twenty thousand small messages are a hundred frames.

Source: RFC 9113, section 5.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit import frames
from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.frames import Setting

if TYPE_CHECKING:
    from stagebuild.buildkit.streams import Stream

FIRST_WINDOW = 65_535
"""How many bytes either side takes before it has said anything, of a stream and of all."""

OUR_WINDOW = 4 << 20
"""How many bytes we take, once that is said."""

_LOW_WATER = 256 << 10
_MAX_FRAME_BYTES = 1 << 20
_ROUNDS = 4  # of sending, before the peer is listened to again


class Wire(Protocol):
    """Where a connection's bytes go."""

    def write(self, data: bytes) -> None:
        """Send the bytes, now or when the peer takes them."""

    def full(self) -> bool:
        """Say whether so much waits to be sent that more should wait too."""

    def ask_room(self) -> None:
        """Have ``on_room`` called after what came from the peer meanwhile was read."""

    def close(self) -> None:
        """Send what waits as far as that needs no waiting, and close."""


class Sending:
    """
    The way out of one connection.

    Args:
        wire: Where bytes go.
        streams: The connection's, by number. Those that are over are taken out here.

    Attributes:
        stream_window: How many bytes the peer takes of a stream that is new.
        consumed: Bytes received on all streams that the peer was not yet told about.
    """

    def __init__(self, wire: Wire, streams: dict[int, Stream]) -> None:
        self.stream_window = FIRST_WINDOW
        self.consumed = 0
        self._wire = wire
        self._streams = streams
        self._waiting: dict[int, Stream] = {}  # those with something to send, in turn
        self._window = FIRST_WINDOW
        self._frame_bytes = frames.MAX_PAYLOAD_BYTES
        self._pumping = False
        self._stopped = False

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True
        self._waiting.clear()

    def write(self, data: bytes) -> None:
        """Send frames that are not flow controlled."""
        if not self._stopped:
            self._wire.write(data)

    def schedule(self, stream: Stream) -> None:
        """Note that a stream has something to send."""
        if not self._stopped and stream.number in self._streams:
            self._waiting[stream.number] = stream

    def forget(self, number: int) -> Stream | None:
        """Take a stream out of the connection, if it is there, and return it."""
        self._waiting.pop(number, None)
        return self._streams.pop(number, None)

    def take_settings(self, payload: bytes) -> None:
        """
        Heed a SETTINGS frame of the peer's, and say so.

        Raises:
            MalformedMessage: A value is out of bounds.
        """
        for setting, value in frames.read_settings(payload):
            if setting == Setting.INITIAL_WINDOW_SIZE:
                if value > frames.MAX_WINDOW:
                    raise MalformedMessage("a window of more than 2 GB")
                change = value - self.stream_window
                self.stream_window = value
                for stream in self._streams.values():
                    stream.window += change
            elif setting == Setting.MAX_FRAME_SIZE:
                self._frame_bytes = min(max(value, frames.MAX_PAYLOAD_BYTES), _MAX_FRAME_BYTES)
        self.write(frames.frame(frames.SETTINGS, frames.ACK, 0))

    def take_credit(self, credit: int, stream: Stream | None) -> None:
        """
        Heed the peer's word that it takes more, of a stream or, with None, of all together.

        Raises:
            MalformedMessage: A window is out of bounds.
        """
        if stream is None:
            self._window += credit
        else:
            stream.window += credit
        window = self._window if stream is None else stream.window
        if window > frames.MAX_WINDOW or credit == 0:
            raise MalformedMessage("a window out of bounds")

    def return_credit(self) -> None:
        """Let the peer send as much again as was taken, once that is a good part of the window."""
        updates: list[bytes] = []
        if self.consumed >= OUR_WINDOW // 4:
            updates.append(frames.window_update(0, self.consumed))
            self.consumed = 0
        for stream in self._streams.values():
            if stream.consumed >= OUR_WINDOW // 4:
                updates.append(frames.window_update(stream.number, stream.consumed))
                stream.consumed = 0
        if updates:
            self._wire.write(b"".join(updates))

    def pump(self) -> None:
        """Send what the windows and the wire allow, one share of each stream after the other."""
        if self._pumping or self._stopped:
            return
        self._pumping = True
        try:
            for _ in range(_ROUNDS):
                if self._wire.full():
                    return
                self._ask_producers()
                out: list[bytes | memoryview] = []
                for stream in list(self._waiting.values()):
                    self._share(stream, out)
                if not out or self._stopped:
                    return
                self._wire.write(b"".join(out))
            self._wire.ask_room()
        finally:
            self._pumping = False

    def _ask_producers(self) -> None:
        for stream in list(self._streams.values()):
            if stream.producer is not None and stream.queued_bytes < _LOW_WATER:
                stream.producer()

    def _share(self, stream: Stream, out: list[bytes | memoryview]) -> None:
        """Add to ``out`` the frames that one stream may send now, 256 KB at most."""
        allowed = min(stream.window, self._window, stream.queued_bytes, _LOW_WATER)
        if allowed > 0:
            stream.window -= allowed
            self._window -= allowed
            for at in range(0, allowed, self._frame_bytes):
                size = min(self._frame_bytes, allowed - at)
                out.append(frames.head(size, frames.DATA, 0, stream.number))
                stream.take(size, out)
        if stream.queued_bytes:
            return
        self._waiting.pop(stream.number, None)
        if stream.closing and not stream.ended_here:
            stream.ended_here = True
            if stream.trailers is not None:
                out.append(frames.headers(stream.number, stream.trailers, ends=True))
            else:
                out.append(frames.head(0, frames.DATA, frames.END_STREAM, stream.number))
            if stream.is_over:
                self.forget(stream.number)
