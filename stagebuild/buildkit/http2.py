"""
One HTTP/2 connection, of either side, without any I/O: bytes in, bytes out, streams in between.

``on_bytes`` takes what came from the socket and calls the streams' receivers; ``write`` is where
bytes for the socket go. Nothing here blocks, and nothing is safe to call from a second thread.

Sending is flow controlled: a peer says how many bytes it will take, for each stream and for all
together, and says so again as it reads. What it does not take yet waits in the stream. A stream
with much to send has a ``producer``, which is asked for more only when little is waiting, so that
memory stays small whatever the size of a build context. Messages are queued whole and cut into
frames of 16 KB when they go out: twenty thousand small messages are a hundred frames.

Source: RFC 9113.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit import frames, hpack
from stagebuild.buildkit.errors import ConnectionLost, MalformedMessage
from stagebuild.buildkit.frames import ErrorCode, Setting
from stagebuild.buildkit.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.streams import Receiver

_FIRST_WINDOW = 65_535
_OUR_WINDOW = 4 << 20
_LOW_WATER = 256 << 10
_MAX_HEADER_BLOCK = 1 << 20
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


class Connection:
    """
    The streams of one connection.

    Args:
        wire: Where bytes go.
        client: Whether we opened the connection; the client speaks first and opens streams.
        accept: Called with a stream that the peer opened, before its headers; servers only.
    """

    def __init__(
        self, wire: Wire, *, client: bool, accept: Callable[[Stream], None] | None = None
    ) -> None:
        self.lost: BuildKitError | None = None
        self._wire = wire
        self._client = client
        self._accept = accept
        self._streams: dict[int, Stream] = {}
        self._waiting: dict[int, Stream] = {}  # those with something to send, in turn
        self._next = 1
        self._newest = 0
        self._splitter = frames.Splitter()
        self._decoder = hpack.Decoder()
        self._preface = b"" if client else frames.PREFACE
        self._block: tuple[int, bool, bytes] | None = None  # a header block that is not complete
        self._window = _FIRST_WINDOW
        self._peer_window = _FIRST_WINDOW
        self._frame_bytes = frames.MAX_PAYLOAD_BYTES
        self._consumed = 0
        self._pumping = False
        ours = {Setting.INITIAL_WINDOW_SIZE: _OUR_WINDOW}
        if client:
            ours = {Setting.ENABLE_PUSH: 0, **ours}
        wire.write(
            (frames.PREFACE if client else b"")
            + frames.settings(ours)
            + frames.window_update(0, _OUR_WINDOW - _FIRST_WINDOW)
        )

    def open(self, receiver: Receiver) -> Stream:
        """
        Open a stream; its headers go first.

        Raises:
            ConnectionLost: The connection has ended.
        """
        if self.lost is not None:
            raise self.lost
        stream = Stream(self, self._next, self._peer_window)
        self._next += 2
        stream.receiver = receiver
        self._streams[stream.number] = stream
        return stream

    def has_ended(self) -> bool:
        """Say whether the connection is gone."""
        return self.lost is not None

    def on_closed(self, error: BuildKitError) -> None:
        """End the connection and tell every stream why; a second time does nothing."""
        if self.lost is not None:
            return
        self.lost = error
        if isinstance(error, MalformedMessage):
            goaway = self._newest.to_bytes(4, "big") + ErrorCode.PROTOCOL_ERROR.to_bytes(4, "big")
            self._wire.write(frames.frame(frames.GOAWAY, 0, 0, goaway))
        streams, self._streams = list(self._streams.values()), {}
        self._waiting.clear()
        for stream in streams:
            stream.producer = None
            stream.receiver.on_lost(error)
        self._wire.close()

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the peer; what can't be read ends the connection."""
        if self.lost is not None:
            return
        try:
            if self._preface:
                data = self._read_preface(data)
            for kind, flags, number, payload in self._splitter.feed(data):
                self._frame(kind, flags, number, payload)
                if self.has_ended():  # by a receiver
                    return
            self._return_credit()
        except MalformedMessage as error:
            self.on_closed(error)
            return
        self.pump()

    def _read_preface(self, data: bytes) -> bytes:
        length = min(len(self._preface), len(data))
        if data[:length] != self._preface[:length]:
            raise MalformedMessage("the peer does not speak HTTP/2")
        self._preface = self._preface[length:]
        return data[length:]

    # What comes in.

    def _frame(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block is not None and (kind, number) != (frames.CONTINUATION, self._block[0]):
            raise MalformedMessage("headers are interrupted by another frame")
        take = _TAKERS.get(kind)
        if take is not None:  # else PRIORITY, or a frame of an extension, which may be ignored
            take(self, flags, number, payload)

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        self._consumed += len(payload)
        stream = self._streams.get(number)
        if stream is None:
            self._must_be_past(number)
            return
        if stream.ended_there:
            raise MalformedMessage("data after the end of a stream")
        stream.consumed += len(payload)
        ended = bool(flags & frames.END_STREAM)
        stream.ended_there = ended
        data = frames.unpadded(payload, flags & frames.PADDED)
        stream.receiver.on_data(data, ended=ended)
        self.settle(stream)

    def _on_headers(self, flags: int, number: int, payload: bytes) -> None:
        block = frames.unpadded(payload, flags)
        self._on_block(number, block, flags, ends=bool(flags & frames.END_STREAM))

    def _on_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None:
            raise MalformedMessage("a continuation of nothing")
        _, ends, start = self._block
        self._on_block(number, start + payload, flags, ends=ends)

    def _on_block(self, number: int, block: bytes, flags: int, *, ends: bool) -> None:
        if not flags & frames.END_HEADERS:
            if len(block) > _MAX_HEADER_BLOCK:
                raise MalformedMessage("headers of more than a megabyte")
            self._block = (number, ends, block)
            return
        self._block = None
        headers = self._decoder.decode(block)
        stream = self._streams.get(number) or self._accepted(number)
        if stream is None:
            return
        if stream.ended_there:
            raise MalformedMessage("headers after the end of a stream")
        stream.ended_there = ends
        stream.receiver.on_headers(headers, ended=ends)
        self.settle(stream)

    def _accepted(self, number: int) -> Stream | None:
        """Return a new stream of the peer's, or None for one that is over."""
        if self._client or number <= self._newest:
            self._must_be_past(number)
            return None
        if self._accept is None or number % 2 == 0:
            raise MalformedMessage("a stream that the peer can't open")
        self._newest = number
        stream = Stream(self, number, self._peer_window)
        self._streams[number] = stream
        self._accept(stream)
        return stream

    def _must_be_past(self, number: int) -> None:
        newest = self._next - 1 if self._client else self._newest
        if number == 0 or number > newest:
            raise MalformedMessage(f"a frame of stream {number}, which was never opened")

    def _on_push(self, flags: int, number: int, payload: bytes) -> None:
        del flags, number, payload
        raise MalformedMessage("a push, which was ruled out")

    def _on_ping(self, flags: int, number: int, payload: bytes) -> None:
        del number
        if len(payload) != 8:  # noqa: PLR2004 - opaque bytes
            raise MalformedMessage("PING of a wrong length")
        if not flags & frames.ACK:
            self._wire.write(frames.frame(frames.PING, frames.ACK, 0, payload))

    def _on_reset(self, flags: int, number: int, payload: bytes) -> None:
        del flags
        if len(payload) != 4:  # noqa: PLR2004 - an error code
            raise MalformedMessage("RST_STREAM of a wrong length")
        stream = self._streams.pop(number, None)
        if stream is None:
            self._must_be_past(number)
            return
        self._waiting.pop(number, None)
        stream.producer = None
        stream.ended_here = stream.ended_there = True
        code = int.from_bytes(payload, "big")
        stream.receiver.on_lost(ConnectionLost(f"the peer gave the call up (HTTP/2 error {code})"))

    def _on_settings(self, flags: int, number: int, payload: bytes) -> None:
        del number
        if flags & frames.ACK:
            return
        for setting, value in frames.read_settings(payload):
            if setting == Setting.INITIAL_WINDOW_SIZE:
                if value > frames.MAX_WINDOW:
                    raise MalformedMessage("a window of more than 2 GB")
                change = value - self._peer_window
                self._peer_window = value
                for stream in self._streams.values():
                    stream.window += change
            elif setting == Setting.MAX_FRAME_SIZE:
                self._frame_bytes = min(max(value, frames.MAX_PAYLOAD_BYTES), 1 << 20)
        self._wire.write(frames.frame(frames.SETTINGS, frames.ACK, 0))

    def _on_credit(self, flags: int, number: int, payload: bytes) -> None:
        del flags
        if len(payload) != 4:  # noqa: PLR2004 - a number of bytes
            raise MalformedMessage("WINDOW_UPDATE of a wrong length")
        credit = int.from_bytes(payload, "big") & frames.MAX_WINDOW
        if number == 0:
            self._window += credit
            if self._window > frames.MAX_WINDOW or credit == 0:
                raise MalformedMessage("a window out of bounds")
        elif (stream := self._streams.get(number)) is not None:
            stream.window += credit
            if stream.window > frames.MAX_WINDOW or credit == 0:
                raise MalformedMessage("a window out of bounds")
        else:
            self._must_be_past(number)

    def _on_goaway(self, flags: int, number: int, payload: bytes) -> None:
        del flags, number
        if len(payload) < 8:  # noqa: PLR2004 - the last stream and a code
            raise MalformedMessage("GOAWAY is cut off")
        code = int.from_bytes(payload[4:8], "big")
        words = payload[8:].decode("utf-8", "replace")
        if code != ErrorCode.NO_ERROR:
            self.on_closed(
                ConnectionLost(f"the peer ended the connection ({code}) {words}".rstrip())
            )
            return
        last = int.from_bytes(payload[:4], "big") & frames.MAX_WINDOW
        for number in [number for number in self._streams if self._client and number > last]:
            stream = self._streams.pop(number)
            self._waiting.pop(number, None)
            stream.receiver.on_lost(ConnectionLost("the peer is shutting down"))

    def _return_credit(self) -> None:
        """Let the peer send as much again as was taken, once that is a good part of the window."""
        updates: list[bytes] = []
        if self._consumed >= _OUR_WINDOW // 4:
            updates.append(frames.window_update(0, self._consumed))
            self._consumed = 0
        for stream in self._streams.values():
            if stream.consumed >= _OUR_WINDOW // 4:
                updates.append(frames.window_update(stream.number, stream.consumed))
                stream.consumed = 0
        if updates:
            self._wire.write(b"".join(updates))

    # What goes out.

    def write_frames(self, data: bytes) -> None:
        """Send frames that are not flow controlled."""
        if self.lost is None:
            self._wire.write(data)

    def schedule(self, stream: Stream) -> None:
        """Note that a stream has something to send."""
        if self.lost is None and stream.number in self._streams:
            self._waiting[stream.number] = stream

    def reset(self, stream: Stream, code: ErrorCode) -> None:
        """End a stream from our side."""
        if self._streams.pop(stream.number, None) is None:
            return
        self._waiting.pop(stream.number, None)
        stream.producer = None
        stream.ended_here = stream.ended_there = True
        self.write_frames(
            frames.frame(frames.RST_STREAM, 0, stream.number, code.to_bytes(4, "big"))
        )

    def settle(self, stream: Stream) -> None:
        """Forget a stream that is over."""
        if stream.is_over:
            self._streams.pop(stream.number, None)
            self._waiting.pop(stream.number, None)

    def on_room(self) -> None:
        """Send more; the wire has room again."""
        self.pump()

    def pump(self) -> None:
        """Send what the windows and the wire allow, one share of each stream after the other."""
        if self._pumping or self.lost is not None:
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
                if not out or self.lost is not None:
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
            data = stream.take(allowed)
            stream.window -= allowed
            self._window -= allowed
            size = self._frame_bytes
            for at in range(0, allowed, size):
                part = data[at : at + size]
                out.append(frames.head(len(part), frames.DATA, 0, stream.number))
                out.append(part)
        if stream.queued_bytes:
            return
        self._waiting.pop(stream.number, None)
        if stream.closing and not stream.ended_here:
            stream.ended_here = True
            if stream.trailers is not None:
                out.append(frames.headers(stream.number, stream.trailers, ends=True))
            else:
                out.append(frames.head(0, frames.DATA, frames.END_STREAM, stream.number))
            self.settle(stream)


_TAKERS: dict[int, Callable[[Connection, int, int, bytes], None]] = {
    frames.DATA: Connection._on_data,  # noqa: SLF001 - the table of this very class
    frames.HEADERS: Connection._on_headers,  # noqa: SLF001
    frames.RST_STREAM: Connection._on_reset,  # noqa: SLF001
    frames.SETTINGS: Connection._on_settings,  # noqa: SLF001
    frames.PUSH_PROMISE: Connection._on_push,  # noqa: SLF001
    frames.PING: Connection._on_ping,  # noqa: SLF001
    frames.GOAWAY: Connection._on_goaway,  # noqa: SLF001
    frames.WINDOW_UPDATE: Connection._on_credit,  # noqa: SLF001
    frames.CONTINUATION: Connection._on_continuation,  # noqa: SLF001
}
