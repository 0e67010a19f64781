"""Our connection and h2's, mouth to mouth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import pytest

from stagebuild.buildkit import frames
from stagebuild.buildkit.errors import BuildKitError, ConnectionLost, MalformedMessage
from stagebuild.buildkit.http2 import Connection

if TYPE_CHECKING:
    from stagebuild.buildkit.streams import Stream

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/x"), (":authority", "y")]


@dataclass
class Heard:
    """A stream's receiver that keeps what it is told."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    lost: BuildKitError | None = None

    def on_headers(self, headers: list[tuple[str, str]], *, ended: bool) -> None:
        self.headers += headers
        self.ended |= ended

    def on_data(self, data: bytes, *, ended: bool) -> None:
        self.data += data
        self.ended |= ended

    def on_lost(self, error: BuildKitError) -> None:
        self.lost = error


class Pair:
    """Our end and h2's."""

    def __init__(self, wire: Any, *, client: bool) -> None:
        self.wire = wire
        self.accepted: list[tuple[Stream, Heard]] = []
        self.ours = Connection(wire, client=client, accept=None if client else self._accept)
        config = h2.config.H2Configuration(client_side=not client, header_encoding="utf-8")
        self.theirs = h2.connection.H2Connection(config)
        self.theirs.initiate_connection()
        self.events: list[Any] = []
        self.turn()

    def _accept(self, stream: Stream) -> None:
        heard = Heard()
        stream.receiver = heard
        self.accepted.append((stream, heard))

    def turn(self) -> None:
        """Carry bytes to and fro until nobody has more to say."""
        while True:
            ours, theirs = self.wire.take(), self.theirs.data_to_send()
            if not ours and not theirs:
                return
            if ours:
                self.events += self.theirs.receive_data(ours)
            if theirs:
                self.ours.on_bytes(theirs)

    def received(self) -> bytes:
        """What h2 got by now; it gives the credit back."""
        got = b""
        events, self.events = self.events, []
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                got += event.data
                self.theirs.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return got


def test_a_megabyte_goes_out_as_fast_as_the_peer_gives_credit(wire: Any) -> None:
    pair = Pair(wire, client=True)
    sent = bytes(range(256)) * 4096
    stream = pair.ours.open(Heard())
    stream.send_headers(REQUEST)
    stream.send(sent)
    stream.end()

    got = b""
    for _ in range(200):
        pair.ours.pump()
        pair.turn()
        got += pair.received()

    assert got == sent


def test_a_producer_is_asked_only_while_little_waits(wire: Any) -> None:
    pair = Pair(wire, client=True)
    stream = pair.ours.open(Heard())
    stream.send_headers(REQUEST)
    asked = 0

    def produce() -> None:
        nonlocal asked
        asked += 1
        stream.send(b"x" * 65_536)

    stream.producer = produce
    for _ in range(10):
        pair.ours.pump()
        pair.turn()

    assert asked <= 7
    assert stream.queued_bytes <= 512 << 10


def test_a_megabyte_comes_in_and_credit_is_given_back(wire: Any) -> None:
    pair = Pair(wire, client=True)
    heard = Heard()
    stream = pair.ours.open(heard)
    stream.send_headers(REQUEST, ends=True)
    pair.turn()
    pair.theirs.send_headers(1, [(":status", "200")])
    sent = b"z" * (10 << 20)
    at = 0
    while at < len(sent):
        room = min(pair.theirs.local_flow_control_window(1), 16_384, len(sent) - at)
        assert room > 0
        pair.theirs.send_data(1, sent[at : at + room])
        at += room
        pair.turn()
    pair.theirs.end_stream(1)
    pair.turn()

    assert bytes(heard.data) == sent
    assert heard.ended


def test_a_servers_stream_gets_headers_and_answers_with_trailers(wire: Any) -> None:
    pair = Pair(wire, client=False)
    pair.theirs.send_headers(1, REQUEST, end_stream=True)
    pair.turn()
    stream, heard = pair.accepted[0]
    stream.send_headers([(":status", "200")])
    stream.send(b"hello")
    stream.send_headers([("grpc-status", "0")], ends=True)
    pair.ours.pump()
    pair.turn()

    assert heard.headers == REQUEST
    trailers = [event for event in pair.events if isinstance(event, h2.events.TrailersReceived)]
    assert list[Any](trailers[0].headers) == [("grpc-status", "0")]
    assert pair.received() == b"hello"


def test_headers_larger_than_a_frame_go_both_ways(wire: Any) -> None:
    pair = Pair(wire, client=False)
    long = [("exclude-patterns", f"{number:05}" * 20) for number in range(600)]
    pair.theirs.update_settings({h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 1 << 20})
    pair.turn()
    pair.theirs.send_headers(1, [*REQUEST, *long])
    pair.turn()
    stream, heard = pair.accepted[0]
    stream.send_headers([(":status", "200"), *long])
    pair.turn()

    assert heard.headers[4:] == long
    answers = [event for event in pair.events if isinstance(event, h2.events.ResponseReceived)]
    assert list[Any](answers[0].headers[1:]) == long


def test_a_smaller_window_holds_back_what_is_under_way(wire: Any) -> None:
    pair = Pair(wire, client=True)
    stream = pair.ours.open(Heard())
    stream.send_headers(REQUEST)
    stream.send(b"a" * 60_000)
    pair.ours.pump()
    pair.turn()
    pair.theirs.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1_000})
    pair.turn()
    stream.send(b"b" * 50_000)
    pair.ours.pump()
    pair.turn()

    assert stream.window == 1_000 - 60_000
    assert pair.received() == b"a" * 60_000


def test_a_ping_is_answered(wire: Any) -> None:
    pair = Pair(wire, client=True)
    pair.theirs.ping(b"12345678")
    pair.turn()

    assert any(isinstance(event, h2.events.PingAckReceived) for event in pair.events)


def test_a_reset_ends_the_stream_alone(wire: Any) -> None:
    pair = Pair(wire, client=True)
    first, second = Heard(), Heard()
    for heard in (first, second):
        pair.ours.open(heard).send_headers(REQUEST)
    pair.turn()
    pair.theirs.reset_stream(1, h2.errors.ErrorCodes.INTERNAL_ERROR)
    pair.turn()

    assert isinstance(first.lost, ConnectionLost)
    assert second.lost is None
    assert not pair.ours.has_ended()


def test_the_end_of_the_connection_is_told_to_every_stream(wire: Any) -> None:
    pair = Pair(wire, client=True)
    heard = Heard()
    pair.ours.open(heard).send_headers(REQUEST)

    pair.ours.on_closed(ConnectionLost("gone"))

    assert str(heard.lost) == "gone"
    assert wire.closed
    with pytest.raises(ConnectionLost):
        pair.ours.open(Heard())


@pytest.mark.parametrize(
    ("garbage", "words"),
    [
        (frames.frame(frames.DATA, 0, 9, b"x"), "never opened"),
        (frames.frame(frames.DATA, 0, 0, b"x"), "never opened"),
        (frames.frame(frames.PUSH_PROMISE, 4, 1, b"\0\0\0\2"), "push"),
        (frames.head(20_000, frames.DATA, 0, 1), "20000 bytes"),
        (frames.frame(frames.CONTINUATION, 4, 1, b""), "continuation of nothing"),
        (frames.frame(frames.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), "out of bounds"),
        (frames.frame(frames.WINDOW_UPDATE, 0, 0, b"\0\0\0\0"), "out of bounds"),
        (frames.frame(frames.SETTINGS, 0, 0, b"\0"), "wrong length"),
        (frames.frame(frames.GOAWAY, 0, 0, b""), "cut off"),
        (frames.frame(frames.HEADERS, frames.PADDED | 4, 1, b"\x09"), "more padding"),
    ],
)
def test_what_breaks_the_rules_ends_the_connection(wire: Any, garbage: bytes, words: str) -> None:
    pair = Pair(wire, client=True)
    heard = Heard()
    pair.ours.open(heard).send_headers(REQUEST)

    pair.ours.on_bytes(garbage)

    assert isinstance(heard.lost, MalformedMessage)
    assert words in str(heard.lost)


def test_frames_of_an_extension_are_ignored(wire: Any) -> None:
    pair = Pair(wire, client=True)

    pair.ours.on_bytes(frames.frame(0x42, 0xFF, 7, b"whatever"))

    assert not pair.ours.has_ended()


def test_a_peer_that_speaks_another_protocol_is_refused_at_once(wire: Any) -> None:
    connection = Connection(wire, client=False, accept=lambda _stream: None)

    connection.on_bytes(b"GET / HT")

    assert isinstance(connection.lost, MalformedMessage)
