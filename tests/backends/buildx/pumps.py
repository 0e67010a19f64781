"""A TCP port that is an engine's BuildKit: what the ``remote`` driver can be pointed at."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_UPGRADE = (
    b"POST /grpc HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class Pump:
    """
    Passes bytes on between a port of this machine and an engine's socket.

    Args:
        engine_socket: Path of the engine's socket.

    Attributes:
        address: As ``tcp://127.0.0.1:41234``.
    """

    def __init__(self, engine_socket: str) -> None:
        self._engine_socket = engine_socket
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lose()

    def lose(self) -> None:
        """Be gone, as a machine that lost its power: nothing is passed on, nobody is let in."""
        for each in [self._listener, *self._open]:
            # A thread that waits in accept or recv is woken by this, and not by close alone.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self) -> None:
        for client in self._clients():
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._engine_socket)
            self._open += [client, engine]
            engine.sendall(_UPGRADE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += engine.recv(1)
            for source, sink in ((client, engine), (engine, client)):
                threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()

    def _clients(self) -> Iterator[socket.socket]:
        with contextlib.suppress(OSError):
            while True:
                yield self._listener.accept()[0]


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
