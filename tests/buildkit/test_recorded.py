"""
What real engines said, byte for byte, said again to our side of both connections.

``recorded/`` holds the engines' bytes of two builds each, and ``record.py``, which made them; the
version of each engine is in its name. Bytes may come in any pieces, so each is played three times.
"""

from __future__ import annotations

import json
import random
from base64 import b64decode
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hyperframe.frame import DataFrame, Frame

from stagebuild.buildkit.calls import Call
from stagebuild.buildkit.errors import BuildKitError, CallFailed
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.grpc import Unframer
from stagebuild.buildkit.http2 import Connection
from stagebuild.buildkit.messages import (
    GetSecretResponse,
    ListWorkersResponse,
    SolveResponse,
    StatusResponse,
)
from stagebuild.buildkit.session import Auth, Secrets, Session
from stagebuild.buildkit.wire import Message, blob, integer
from stagebuild.context.folder import Folder
from tests.buildkit.recorded.record import BUILDS, FILES, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORDED = Path(__file__).parent / "recorded"
ENGINES = sorted({path.name.partition("-")[0] for path in RECORDED.glob("*.json")})
PIECES = ("as they came", "byte by byte", "at random")
METHODS = ("ListWorkers", "Solve", "Status")
DATA, FIN = 2, 3

Chunks = list[tuple[int, bytes]]


def chunks_of(engine: str, build: str, connection: str, pieces: str) -> Chunks:
    """Return an engine's bytes, each piece with the number of calls made before it."""
    said = json.loads((RECORDED / f"{engine}-{build}.json").read_text())[connection]
    whole = [(calls, b64decode(text)) for calls, text in said]
    return [(calls, piece) for calls, data in whole for piece in cut(data, pieces)]


def cut(data: bytes, pieces: str) -> Iterator[bytes]:
    rng = random.Random(len(data))
    while data:
        size = {"as they came": len(data), "byte by byte": 1}.get(pieces, rng.randint(1, 3_000))
        yield data[:size]
        data = data[size:]


class Control:
    """Our side of a control connection, its calls made when they were made."""

    def __init__(self, wire: Any, chunks: Chunks) -> None:
        self.messages: dict[str, list[bytes]] = {method: [] for method in METHODS}
        self.ends: dict[str, BuildKitError | None] = {}
        self._connection = Connection(wire, client=True)
        waiting = list(METHODS)
        for calls, data in chunks:
            while len(METHODS) - len(waiting) < calls:
                self._begin(waiting.pop(0))
            self._connection.on_bytes(data)

    def _begin(self, method: str) -> None:
        call = Call(
            self._connection,
            f"/moby.buildkit.v1.Control/{method}",
            on_message=self.messages[method].append,
            on_end=partial(self.ends.__setitem__, method),
        )
        call.send(b"")
        call.finish()

    def statuses(self) -> list[StatusResponse]:
        return [StatusResponse.decode(data) for data in self.messages["Status"]]


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_build_that_succeeds_is_told_and_answered(engine: str, pieces: str, wire: Any) -> None:
    control = Control(wire, chunks_of(engine, "succeeds", "control", pieces))

    workers = ListWorkersResponse.decode(control.messages["ListWorkers"][0]).records
    answer = SolveResponse.decode(control.messages["Solve"][0]).exporter_response
    vertices = [vertex for status in control.statuses() for vertex in status.vertexes]
    printed = b"".join(log.msg for status in control.statuses() for log in status.logs)
    assert workers[0].platforms
    assert answer["containerimage.digest"].startswith("sha256:")
    assert any("RUN --mount=type=secret" in vertex.name for vertex in vertices)
    assert not any(vertex.error for vertex in vertices)
    assert SECRET in printed
    assert b"built" in printed
    assert control.ends == dict.fromkeys(METHODS)


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_build_that_fails_says_where_and_how(engine: str, pieces: str, wire: Any) -> None:
    control = Control(wire, chunks_of(engine, "fails", "control", pieces))

    failed = control.ends["Solve"]
    vertices = [vertex for status in control.statuses() for vertex in status.vertexes]
    assert isinstance(failed, CallFailed)
    assert "exit code: 7" in failed.message
    assert any(url.endswith("errdefs.Source+json") for url, _ in failed.details)
    assert any("exit code: 7" in vertex.error for vertex in vertices)
    assert control.ends["Status"] is None


class Packet(Message):
    """Of fsutil."""

    type: int = integer(1)
    id: int = integer(3)
    data: bytes = blob(4)


def answers(sent: bytes) -> list[list[bytes]]:
    """Return the messages that we sent on each stream, read by hyperframe."""
    streams: dict[int, Unframer] = {}
    messages: dict[int, list[bytes]] = {}
    view = memoryview(sent)
    while view:
        frame, size = Frame.parse_frame_header(view[:9])
        frame.parse_body(view[9 : 9 + size])
        view = view[9 + size :]
        if isinstance(frame, DataFrame) and frame.stream_id:
            unframer = streams.setdefault(frame.stream_id, Unframer())
            messages.setdefault(frame.stream_id, []).extend(unframer.feed(frame.data))
    return list(messages.values())


def played(wire: Any, folder: Path, build: str, chunks: Iterable[tuple[int, bytes]]) -> bytes:
    """Play a session to our services, with the folder that was built; return what we sent."""
    for name, content in {**FILES, "Dockerfile": BUILDS[build].encode()}.items():
        (folder / name).write_bytes(content)
    tree = Folder(str(folder))
    session = Session(
        [
            Auth(lambda _: ("", "")),
            FileSync({"context": tree, "dockerfile": tree}),
            Secrets({"token": SECRET}.__getitem__),
        ]
    )
    connection = session.connection(wire, None)  # type: ignore[arg-type]  # nothing needs a loop
    for _, data in chunks:
        connection.on_bytes(data)
        connection.pump()
    return bytes(wire.take())


def contents_of(packets: list[Packet]) -> set[bytes]:
    """Return the files that a transfer sent."""
    contents: dict[int, bytes] = {}
    for packet in packets:
        if packet.type == DATA:
            contents[packet.id] = contents.get(packet.id, b"") + packet.data
    return set(contents.values())


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_session_sends_what_the_engine_asked_for(
    engine: str, pieces: str, wire: Any, tmp_path: Path
) -> None:
    chunks = chunks_of(engine, "succeeds", "session", pieces)

    streams = answers(played(wire, tmp_path, "succeeds", chunks))

    transfers = [
        [Packet.decode(data) for data in messages] for messages in streams if len(messages) > 1
    ]
    contents = {content for packets in transfers for content in contents_of(packets)}
    assert {*FILES.values(), BUILDS["succeeds"].encode()} <= contents
    assert [packets[-1].type for packets in transfers] == [FIN] * 3  # .dockerignore's among them
    assert any(GetSecretResponse.decode(one[0]).data == SECRET for one in streams if len(one) == 1)
