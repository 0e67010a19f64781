"""
A peer that breaks every rule: nothing may hang, leak, or raise anything but our own errors.

``FUZZ_CASES=10000`` runs the long form. A case is named by its seed.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from stagebuild.buildkit import frames, hpack
from stagebuild.buildkit.calls import Call
from stagebuild.buildkit.client import Client
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.buildkit.filereceive import FileSend, FolderTarget
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.grpc import framed
from stagebuild.buildkit.http2 import Connection
from stagebuild.buildkit.messages import (
    ListWorkersResponse,
    Packet,
    SolveRequest,
    SolveResponse,
    StatMessage,
    StatusResponse,
    Vertex,
    WorkerRecord,
)
from stagebuild.buildkit.session import Secrets, Session, new_id

CASES = int(os.environ.get("FUZZ_CASES", "1000"))

OK = [(":status", "200"), ("content-type", "application/grpc")]


def answer(stream: int, *messages: bytes) -> list[bytes]:
    """The frames of a call that succeeds."""
    data = b"".join(map(framed, messages))
    return [
        frames.headers(stream, hpack.encode(OK), ends=False),
        frames.frame(frames.DATA, 0, stream, data),
        frames.headers(stream, hpack.encode([("grpc-status", "0")]), ends=True),
    ]


def call(stream: int, path: str, *messages: bytes, **metadata: str) -> list[bytes]:
    """The frames of a call to a service."""
    head = [(":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "x")]
    extra = [(name.replace("_", "-"), value) for name, value in metadata.items()]
    return [
        frames.headers(stream, hpack.encode([*head, *extra]), ends=False),
        frames.frame(frames.DATA, frames.END_STREAM, stream, b"".join(map(framed, messages))),
    ]


ENGINE = [
    frames.settings({frames.Setting.INITIAL_WINDOW_SIZE: 1 << 20}),
    *answer(1, ListWorkersResponse(records=(WorkerRecord(id="w"),)).encode()),
    *answer(5, StatusResponse(vertexes=(Vertex(digest="d", name="[1/1] RUN"),)).encode()),
    *answer(3, SolveResponse(exporter_response={"a": "b"}).encode()),
]
CALLER = [
    frames.PREFACE,
    frames.settings({}),
    *call(1, "/grpc.health.v1.Health/Check", b""),
    *call(
        3,
        "/moby.filesync.v1.FileSync/DiffCopy",
        Packet(type=1, id=0).encode(),
        Packet(type=3).encode(),
        dir_name="context",
    ),
    *call(5, "/moby.buildkit.secrets.v1.Secrets/GetSecret", b"\x0a\x01a"),
    *call(
        7,
        "/moby.filesync.v1.FileSend/DiffCopy",
        Packet(stat=StatMessage(path="f", mode=0o644, size=1)).encode(),
        Packet().encode(),
        Packet(type=2, id=0, data=b"x").encode(),
        Packet(type=2, id=0).encode(),
    ),
]


def spoiled(rng: random.Random, parts: list[bytes]) -> bytes:
    """What a peer says, spoiled in one to three ways."""
    parts = list(parts)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(parts))
        match rng.randrange(9):
            case 0:
                rng.shuffle(parts)
            case 1:
                parts[at] = parts[at][: rng.randrange(len(parts[at]) + 1)]
            case 2:
                spoil = bytearray(parts[at] or b"\0")
                spoil[rng.randrange(len(spoil))] ^= 1 << rng.randrange(8)
                parts[at] = bytes(spoil)
            case 3:
                parts.insert(at, rng.randbytes(rng.randrange(60)))
            case 4:
                kind, flags = rng.randrange(11), rng.randrange(256)
                payload = rng.randbytes(rng.randrange(20))
                parts.insert(at, frames.frame(kind, flags, rng.randrange(12), payload))
            case 5:
                parts.insert(at, frames.window_update(rng.randrange(8), rng.getrandbits(31)))
            case 6:
                parts.insert(at, frames.frame(frames.RST_STREAM, 0, rng.randrange(8), b"\0\0\0\1"))
            case 7:
                parts.insert(at, parts[rng.randrange(len(parts))])
            case _:
                del parts[at:]
                parts.append(b"")
    return b"".join(parts)


def pieces(rng: random.Random, data: bytes) -> list[bytes]:
    """The bytes, cut anywhere."""
    found = []
    while data:
        size = rng.choice((1, 7, 100, 5_000))
        found.append(data[:size])
        data = data[size:]
    return found


@pytest.mark.parametrize("first", range(0, CASES, 500))
def test_a_client_ends_every_call_whatever_the_engine_says(wire: Any, first: int) -> None:
    for seed in range(first, first + min(500, CASES)):
        rng = random.Random(seed)
        wire.closed = False
        connection = Connection(wire, client=True)
        ended: list[BuildKitError | None] = []
        received: list[bytes] = []
        for _ in range(3):
            made = Call(connection, "/x", on_message=received.append, on_end=ended.append)
            made.send(b"request")
            made.finish()

        for piece in pieces(rng, spoiled(rng, ENGINE)):
            connection.on_bytes(piece)
        connection.on_closed(BuildKitError("the socket closed"))

        assert len(ended) == 3, f"seed {seed}"
        wire.take()


@pytest.mark.parametrize("first", range(0, CASES, 500))
def test_a_session_lets_go_of_everything_whatever_it_is_asked(
    wire: Any, tree: Any, tmp_path: Path, first: int
) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for seed in range(first, first + min(500, CASES)):
        rng = random.Random(seed)
        wire.closed = False
        session = Session(
            [
                FileSync({"context": tree({b"a": b"x" * 300_000})}),
                FileSend({0: FolderTarget(str(tmp_path / "out"))}),
                Secrets({"a": b"b"}.__getitem__),
            ]
        )
        no_loop: Any = None
        connection = session.connection(wire, no_loop)

        for piece in pieces(rng, spoiled(rng, CALLER)):
            connection.on_bytes(piece)
            wire.take()
        connection.on_closed(BuildKitError("the socket closed"))

        assert len(list(Path("/proc/self/fd").iterdir())) == before, f"seed {seed}"
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["out"])


class FuzzedEngine:
    """An address where an engine answers that can't be relied on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._connections = 0
        self._threads: list[threading.Thread] = []

    def connect(self, timeout_s: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.settimeout(min(timeout_s, 0.3))
        self._connections += 1
        spoken = ENGINE if self._connections == 1 else CALLER
        begin = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n\r\n" if self._connections == 1 else b""
        switch = b"HTTP/1.1 101 UPGRADED\r\n\r\n"
        rng = self._rng
        said = (
            [begin, switch, spoiled(rng, spoken)]
            if rng.random() < 0.7
            else [spoiled(rng, [begin + switch, *spoken])]
        )
        thread = threading.Thread(target=_speak, args=(theirs, said, rng.random() < 0.1))
        thread.start()
        self._threads.append(thread)
        return ours

    def end(self) -> None:
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()


def _speak(sock: socket.socket, said: list[bytes], stays: bool) -> None:
    sock.settimeout(0.4)
    with sock:
        try:
            for part in said:
                sock.recv(65_536)
                sock.sendall(part)
            if stays:
                while sock.recv(65_536):
                    pass
        except OSError:
            pass


def test_a_whole_build_ends_soon_and_leaves_nothing_whatever_the_engine_says(tree: Any) -> None:
    gc.collect()
    threads, descriptors = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    for seed in range(CASES // 10):
        engine = FuzzedEngine(random.Random(seed))
        began_s = time.monotonic()
        try:
            with Client(engine, silence_s=0.2) as client:
                client.ask("ListWorkers", SolveRequest(), ListWorkersResponse, timeout_s=0.2)
                session = Session([FileSync({"context": tree({b"a": b"1"})})])
                client.serve(session)
                running = client.solve(SolveRequest(ref=new_id(), session=session.id))
                timer = threading.Timer(0.3, running.cancel)
                timer.start()
                try:
                    running.response()
                finally:
                    timer.cancel()
                    timer.join()
        except BuildKitError:
            pass
        engine.end()

        assert time.monotonic() - began_s < 6, f"seed {seed}"
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
