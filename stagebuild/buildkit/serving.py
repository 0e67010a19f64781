"""A gRPC call that the peer makes to one of our services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from stagebuild.buildkit.errors import CallFailed, ConnectionLost, MalformedMessage, Status
from stagebuild.buildkit.grpc import Metadata, Unframer, framed, percent_encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.hpack import Header
    from stagebuild.buildkit.streams import Stream

Service: TypeAlias = Callable[["Served"], None]


class Served:
    """
    A call that the peer makes to one of our services.

    Attributes:
        path: As ``/moby.filesync.v1.FileSync/DiffCopy``.
        metadata: Its headers, names in lower case.
        on_message: Set by the service: called with each message.
        on_finished: Set by the service: called when no message follows.
        on_given_up: Set by the service: lets go of what it holds; called when the peer gave the
            call up or is gone, or a step of the service failed. May be called twice.
    """

    def __init__(self, stream: Stream, services: Mapping[str, Service]) -> None:
        self.path = ""
        self.metadata: Metadata = {}
        self.on_message: Callable[[bytes], None] = lambda _data: None
        self.on_finished: Callable[[], None] = lambda: None
        self.on_given_up: Callable[[], None] = lambda: None
        self.stream = stream
        self._services = services
        self._unframer = Unframer()
        self._answered = False
        self._over = False
        stream.receiver = self

    def send(self, data: bytes) -> None:
        """Send one message."""
        self.send_framed(framed(data))

    def send_framed(self, data: bytes) -> None:
        """Send messages that have their prefixes already."""
        if not self._answered:
            self._answered = True
            self.stream.send_headers([(":status", "200"), ("content-type", "application/grpc")])
        self.stream.send(data)

    def end(self, status: Status = Status.OK, message: str = "") -> None:
        """End the call; what is queued goes out before."""
        if self._over:
            return
        self._over = True
        self.stream.producer = None
        first = [] if self._answered else [(":status", "200"), ("content-type", "application/grpc")]
        said = [("grpc-message", percent_encoded(message))] if message else []
        self.stream.send_headers([*first, ("grpc-status", str(int(status))), *said], ends=True)

    def on_headers(self, headers: list[Header], *, ended: bool) -> None:
        """Take the request's headers and hand the call to its service."""
        for name, value in headers:
            self.metadata.setdefault(name, []).append(value)
        if self.path:
            return  # trailers
        self.path = self.metadata.get(":path", [""])[0]
        service = self._services.get(self.path)
        if service is None:
            self.end(Status.UNIMPLEMENTED, f"no service {self.path}")
            return
        self._guarded(lambda: service(self))
        if ended:
            self._guarded(self.on_finished)

    def on_data(self, data: bytes, *, ended: bool) -> None:
        """Take bytes of messages."""
        if self._over:
            return
        for message in self._unframer.feed(data):
            self._guarded(partial(self.on_message, message))
        if ended:
            self._guarded(self.on_finished)

    def on_lost(self, error: BuildKitError) -> None:
        """Take the loss of the stream."""
        del error
        if not self._over:
            self._over = True
            self.on_given_up()

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do a step of the service; an error of it ends the call and no other."""
        if self._over:
            return
        try:
            step()
        except CallFailed as error:
            self._fail(error.status, error.message)
        except (OSError, ConnectionLost) as error:
            self._fail(Status.UNKNOWN, str(error))
        except (MalformedMessage, ValueError, OverflowError) as error:
            self._fail(Status.INVALID_ARGUMENT, str(error))

    def _fail(self, status: Status, message: str) -> None:
        self.end(status, message)
        self.on_given_up()


def unary(answer: Callable[[bytes, Metadata], bytes]) -> Service:
    """Return a service that answers one message with one message; errors become the status."""

    def serve(call: Served) -> None:
        def on_message(data: bytes) -> None:
            reply = answer(data, call.metadata)
            call.send(reply)
            call.end()

        call.on_message = on_message

    return serve
