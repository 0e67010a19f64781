"""
Record what an engine says on both of a build's connections, for ``test_recorded.py``.

    python tests/buildkit/recorded/record.py /var/run/docker.sock

builds two Dockerfiles of this folder on that engine, with a tap on the connections, and writes
``ENGINE-BUILD.json`` beside itself: what the engine was, and its bytes after the upgrade, chunk by
chunk as they came, each with how many calls we had made by then.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
import threading
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebuild.buildkit.client import Client
from stagebuild.buildkit.endpoints import UnixAddress
from stagebuild.buildkit.errors import CallFailed
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.messages import Exporter, SolveRequest
from stagebuild.buildkit.session import Auth, Secrets, Session, new_id
from stagebuild.context.folder import Folder

if TYPE_CHECKING:
    from stagebuild.buildkit.session import Provider

HERE = Path(__file__).parent
FILES = {"app.py": b"print('hello')\n", "data": b"0123456789" * 30_000}
SECRET = b"not a real one"
BUILDS = {
    "succeeds": "FROM busybox\nCOPY . /app/\n"
    "RUN --mount=type=secret,id=token cat /run/secrets/token && echo built\n",
    "fails": "FROM busybox\nCOPY app.py /\nRUN echo about to fail && exit 7\n",
}
PREFACE_BYTES = 24
HEADERS = 1


class Tap:
    """An address whose connections are written down."""

    def __init__(self, path: str) -> None:
        self._engine = UnixAddress(path=path)
        self.said: dict[str, list[tuple[int, str]]] = {"control": [], "session": []}
        self._calls = 0

    def connect(self, timeout_s: float) -> socket.socket:
        engine = self._engine.connect(timeout_s)
        engine.settimeout(None)
        ours, theirs = socket.socketpair()
        kind = ["control"]
        threading.Thread(target=self._up, args=(theirs, engine, kind), daemon=True).start()
        threading.Thread(target=self._down, args=(engine, theirs, kind), daemon=True).start()
        return ours

    def _up(self, source: socket.socket, target: socket.socket, kind: list[str]) -> None:
        frames = b""
        while data := source.recv(1 << 16):
            if data.startswith(b"POST /session"):
                kind[0] = "session"
            if frames or data.startswith(b"PRI "):
                frames += data
            self._calls += _count(frames) if kind[0] == "control" and frames else 0
            frames = _rest(frames)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    def _down(self, source: socket.socket, target: socket.socket, kind: list[str]) -> None:
        head = b""
        upgraded = False
        while data := source.recv(1 << 16):
            fresh = data
            if not upgraded:
                head += data
                begin = head.find(b"101 ")
                end = head.find(b"\r\n\r\n", begin) if begin >= 0 else -1
                upgraded = end >= 0
                fresh = head[end + 4 :] if upgraded else b""
            if fresh:
                self.said[kind[0]].append((self._calls, b64encode(fresh).decode()))
            with contextlib.suppress(BrokenPipeError):  # ours may have hung up
                target.sendall(data)


def _count(data: bytes) -> int:
    return sum(kind == HEADERS for kind, _ in _frames(data)[0])


def _rest(data: bytes) -> bytes:
    # A mark stands for "nothing is left", since what follows a preface has none.
    return (_frames(data)[1] or MARK) if data else b""


MARK = b"\0" * 9  # an empty DATA frame of stream 0


def _frames(data: bytes) -> tuple[list[tuple[int, int]], bytes]:
    if data.startswith(b"PRI "):
        data = data[PREFACE_BYTES:]
    found = []
    while len(data) >= 9:
        size = int.from_bytes(data[:3], "big")
        if len(data) < 9 + size:
            break
        found.append((data[3], size))
        data = data[9 + size :]
    return found, data


def record(path: str, build: str) -> dict[str, Any]:
    """Build and return what the engine said."""
    tap = Tap(path)
    with tempfile.TemporaryDirectory() as folder, Client(tap) as client:
        for name, content in FILES.items():
            (Path(folder) / name).write_bytes(content)
        (Path(folder) / "Dockerfile").write_text(BUILDS[build])
        client.workers()
        tree = Folder(folder)
        providers: list[Provider] = [
            Auth(lambda _: ("", "")),
            FileSync({"context": tree, "dockerfile": tree}),
            Secrets({"token": SECRET}.__getitem__),
        ]
        session = Session(providers)
        client.serve(session)
        running = client.solve(
            SolveRequest(
                ref=new_id(),
                session=session.id,
                frontend="dockerfile.v0",
                frontend_attrs={
                    "filename": "Dockerfile",
                    "image-resolve-mode": "local",
                    "no-cache": "",
                },
                exporters=(Exporter(type="moby", attrs={}),),
            )
        )
        try:
            running.response()
        except CallFailed as error:
            print(error)
        engine = {name: client.engine[name] for name in ("server", "api-version")}
    return {"engine": engine, **tap.said}


if __name__ == "__main__":
    for name in BUILDS:
        made = record(sys.argv[1], name)
        version = made["engine"]["server"].removeprefix("Docker/").partition("+")[0].split(" ")[0]
        target = HERE / f"{version}-{name}.json"
        target.write_text(json.dumps(made, indent=0) + "\n")
        print(target, sum(len(said) for _, said in made["control"] + made["session"]))
