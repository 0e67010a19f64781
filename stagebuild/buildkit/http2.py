"""
One HTTP/2 connection, of either side, without any I/O: bytes in, bytes out, streams in between.

``on_bytes`` takes what came from the socket and calls the streams' receivers; ``write`` is where
bytes for the socket go. Nothing here blocks, and nothing is safe to call from a second thread.

What goes out, and when, is in ``sending``.

Source: RFC 9113.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit import frames, hpack
from stagebuild.buildkit.errors import ConnectionLost, MalformedMessage
from stagebuild.buildkit.frames import ErrorCode, Setting
from stagebuild.buildkit.sending import FIRST_WINDOW, OUR_WINDOW, Sending
from stagebuild.buildkit.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.sending import Wire
    from stagebuild.buildkit.streams import Receiver

_MAX_HEADER_BLOCK = 1 << 20


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
        self._sending = Sending(wire, self._streams)
        self._next = 1
        self._newest = 0
        self._splitter = frames.Splitter()
        self._decoder = hpack.Decoder()
        self._preface = b"" if client else frames.PREFACE
        self._block: tuple[int, bool, bytes] | None = None  # a header block that is not complete
        ours = {Setting.INITIAL_WINDOW_SIZE: OUR_WINDOW}
        if client:
            ours = {Setting.ENABLE_PUSH: 0, **ours}
        wire.write(
            (frames.PREFACE if client else b"")
            + frames.settings(ours)
            + frames.window_update(0, OUR_WINDOW - FIRST_WINDOW)
        )

    def open(self, receiver: Receiver) -> Stream:
        """
        Open a stream; its headers go first.

        Raises:
            ConnectionLost: The connection has ended.
        """
        if self.lost is not None:
            raise self.lost
        stream = Stream(self, self._next, self._sending.stream_window)
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
        self._sending.stop()
        streams = list(self._streams.values())
        self._streams.clear()
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
            self._sending.return_credit()
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
        self._sending.consumed += len(payload)
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
        stream = Stream(self, number, self._sending.stream_window)
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
        stream = self._sending.forget(number)
        if stream is None:
            self._must_be_past(number)
            return
        stream.producer = None
        stream.ended_here = stream.ended_there = True
        code = int.from_bytes(payload, "big")
        stream.receiver.on_lost(ConnectionLost(f"the peer gave the call up (HTTP/2 error {code})"))

    def _on_settings(self, flags: int, number: int, payload: bytes) -> None:
        del number
        if flags & frames.ACK:
            return
        self._sending.take_settings(payload)

    def _on_credit(self, flags: int, number: int, payload: bytes) -> None:
        del flags
        if len(payload) != 4:  # noqa: PLR2004 - a number of bytes
            raise MalformedMessage("WINDOW_UPDATE of a wrong length")
        credit = int.from_bytes(payload, "big") & frames.MAX_WINDOW
        stream = self._streams.get(number)
        if number == 0 or stream is not None:
            self._sending.take_credit(credit, stream)
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
            stream = self._streams[number]
            self._sending.forget(number)
            stream.receiver.on_lost(ConnectionLost("the peer is shutting down"))

    # What goes out.

    def write_frames(self, data: bytes) -> None:
        """Send frames that are not flow controlled."""
        self._sending.write(data)

    def schedule(self, stream: Stream) -> None:
        """Note that a stream has something to send."""
        self._sending.schedule(stream)

    def reset(self, stream: Stream, code: ErrorCode) -> None:
        """End a stream from our side."""
        if self._sending.forget(stream.number) is None:
            return
        stream.producer = None
        stream.ended_here = stream.ended_there = True
        self.write_frames(
            frames.frame(frames.RST_STREAM, 0, stream.number, code.to_bytes(4, "big"))
        )

    def settle(self, stream: Stream) -> None:
        """Forget a stream that is over."""
        if stream.is_over:
            self._sending.forget(stream.number)

    def on_room(self) -> None:
        """Send more; the wire has room again."""
        self.pump()

    def pump(self) -> None:
        """Send what the windows and the wire allow."""
        self._sending.pump()


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
