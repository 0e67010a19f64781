"""
A socket in front of an engine's, that can be cut: for the builds, the engine went away.

The engine behind it is real and lives on; so what it does with builds whose client is gone is real,
too, and other tests may use it at the same time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(kw_only=True)
class EnginePump:
    """
    The socket. A context manager.

    Attributes:
        upstream: Path of the engine's socket.
        path: Path of this one; the folder has to be there.
    """

    upstream: str
    path: Path
    _pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    @property
    def host(self) -> str:
        """What ``DOCKER_HOST`` has to be."""
        return f"unix://{self.path}"

    def open(self) -> None:
        """Take connections, again if it was cut."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no more: there is no such socket now."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.upstream)
            with self._lock:
                self._pairs.append((client, engine))
            done = threading.Barrier(2, action=partial(_close, client, engine))
            for source, target in ((client, engine), (engine, client)):
                threading.Thread(target=_copy, args=(source, target, done), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket, done: threading.Barrier) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
    with contextlib.suppress(threading.BrokenBarrierError):
        done.wait()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        end.close()
