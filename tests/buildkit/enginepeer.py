"""An engine's end of a session's connection, by h2: it calls our services as BuildKit does."""

from __future__ import annotations

from typing import Any

import h2.config
import h2.connection
import h2.events

from stagebuild.buildkit.grpc import Unframer, framed


class EnginePeer:
    """
    Calls services and collects what they answer.

    Args:
        session: Ours.
        wire: Where our end writes.
        loop: Handed to the services.
    """

    def __init__(self, session: Any, wire: Any, loop: Any = None) -> None:
        self.wire = wire
        self.ours = session.connection(wire, loop)
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        self.theirs = h2.connection.H2Connection(config)
        self.theirs.initiate_connection()
        self.messages: dict[int, list[bytes]] = {}
        self.trailers: dict[int, dict[str, str]] = {}
        self._unframers: dict[int, Unframer] = {}
        self.turn()

    def begin(self, path: str, metadata: list[tuple[str, str]] | None = None) -> int:
        """Begin a call and return its stream."""
        stream = self.theirs.get_next_available_stream_id()
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")]
        self.theirs.send_headers(
            stream, [*head, ("content-type", "application/grpc"), *(metadata or [])]
        )
        self.messages[stream] = []
        self._unframers[stream] = Unframer()
        self.turn()
        return int(stream)

    def say(self, stream: int, message: bytes, *, ends: bool = False) -> None:
        self.theirs.send_data(stream, framed(message), end_stream=ends)
        self.turn()

    def end(self, stream: int) -> None:
        self.theirs.end_stream(stream)
        self.turn()

    def ask(
        self, path: str, message: bytes, metadata: list[tuple[str, str]] | None = None
    ) -> tuple[list[bytes], dict[str, str]]:
        """Make a call of one message and return its answers and trailers."""
        stream = self.begin(path, metadata)
        self.say(stream, message, ends=True)
        return self.messages[stream], self.trailers.get(stream, {})

    def turn(self) -> None:
        """Carry bytes to and fro until nobody has more to say."""
        while True:
            self.ours.pump()
            ours, theirs = self.wire.take(), self.theirs.data_to_send()
            if not ours and not theirs:
                return
            if ours:
                for event in self.theirs.receive_data(ours):
                    self._take(event)
            if theirs:
                self.ours.on_bytes(theirs)

    def _take(self, event: Any) -> None:
        match event:
            case h2.events.DataReceived():
                length = event.flow_controlled_length
                self.theirs.acknowledge_received_data(length, event.stream_id)
                found = self._unframers[event.stream_id].feed(bytes(event.data))
                self.messages[event.stream_id] += found
            case h2.events.TrailersReceived():
                self.trailers[event.stream_id] = _text(event.headers)
            case h2.events.ResponseReceived():
                headers = _text(event.headers)
                if "grpc-status" in headers:
                    self.trailers[event.stream_id] = headers
            case _:
                pass


def _text(headers: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers}
