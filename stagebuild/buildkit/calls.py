"""A gRPC call that we make: messages out, messages in, an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import CallFailed, MalformedMessage, Status
from stagebuild.buildkit.frames import ErrorCode
from stagebuild.buildkit.grpc import Unframer, framed, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.hpack import Header
    from stagebuild.buildkit.http2 import Connection

_AGENT = "stagebuild"


class Call:
    """
    A call that we make. Both functions are called in the loop's thread.

    Args:
        connection: A client's.
        path: As ``/moby.buildkit.v1.Control/Solve``.
        on_message: Called with each message.
        on_end: Called once, with None or the error that ended the call.
        metadata: Headers besides gRPC's own; names in lower case.

    Raises:
        ConnectionLost: The connection has ended.
    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        *,
        on_message: Callable[[bytes], None],
        on_end: Callable[[BuildKitError | None], None],
        metadata: Mapping[str, list[str]] | None = None,
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._unframer = Unframer()
        self._headers: dict[str, str] = {}
        self._over = False
        self._connection = connection
        self.stream = connection.open(self)
        extra = [(name, value) for name, values in (metadata or {}).items() for value in values]
        self.stream.send_headers(
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", path),
                (":authority", "localhost"),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
                ("user-agent", _AGENT),
                *extra,
            ]
        )

    def send(self, data: bytes) -> None:
        """Send one message."""
        self.stream.send(framed(data))
        self._connection.pump()

    def finish(self) -> None:
        """Say that no message follows."""
        self.stream.end()
        self._connection.pump()

    def cancel(self) -> None:
        """Give the call up; it ends with status CANCELED at once."""
        if not self._over:
            self.stream.reset(ErrorCode.CANCEL)
            self._end(CallFailed(Status.CANCELED, "canceled"))

    def on_headers(self, headers: list[Header], *, ended: bool) -> None:
        """Take headers, or the trailers that end the call."""
        self._headers.update(headers)
        if ended:
            self._end_by_trailers()

    def on_data(self, data: bytes, *, ended: bool) -> None:
        """Take bytes of messages."""
        for message in self._unframer.feed(data):
            if self._over:
                return
            self._on_message(message)
        if ended:
            self._end_by_trailers()

    def on_lost(self, error: BuildKitError) -> None:
        """Take the loss of the stream."""
        self._end(error)

    def _end_by_trailers(self) -> None:
        try:
            self._end(outcome(self._headers))
        except MalformedMessage as error:
            self._end(error)
        if not self.stream.is_over:
            self.stream.reset(ErrorCode.NO_ERROR)

    def _end(self, error: BuildKitError | None) -> None:
        if not self._over:
            self._over = True
            self.stream.producer = None
            self._on_end(error)
