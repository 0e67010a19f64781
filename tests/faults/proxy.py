"""
A real proxy between an engine and a real registry, that breaks chosen requests in chosen ways.

An engine talks plain HTTP to registries on localhost, so pushing to and pulling from
``localhost:PORT/…``, PORT being the proxy's, needs nothing configured. What is not chosen is passed
on to the registry byte for byte, and so are all later requests once a fault is used up.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREVER = 10**9
_CHUNK_BYTES = 64 * 1024
_TLS_HANDSHAKE = b"\x16"
_LIE = f"sha256:{'0' * 64}"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}


class Phase(StrEnum):
    """What a request is for, by its method and path. The value is a pattern of the two."""

    RESOLVE = r"(?:HEAD|GET) /v2/[^ ]+/manifests/"
    PULL = r"GET /v2/[^ ]+/blobs/"
    PUSH_BLOB = r"(?:POST|PUT|PATCH) /v2/[^ ]+/blobs/uploads/"
    PUSH_MANIFEST = r"PUT /v2/[^ ]+/manifests/"
    PUSH = r"(?:POST|PUT|PATCH|HEAD) /v2/"
    ANY = r"\w+ /v2/"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    What goes wrong.

    Attributes:
        name: As the table shows it.
        status: Answer with this status, or None.
        headers: With these; ``{registry}`` in one stands for host and port.
        body: And this body.
        breaks: ``reset`` the connection, ``close`` it with no answer, ``cut`` the body in its
            middle, ``truncate`` it and say that it is whole, ``corrupt`` a byte of it, give it a
            ``wrong digest``, ``slow`` it down, ``hang`` and never answer; or None.
        times: How often at most.
        at: What breaks instead of a request of the phase: how names or connections are made.
    """

    name: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    breaks: str | None = None
    times: int = FOREVER
    at: str | None = None


_TOKEN = Fault(name="token", status=200, body=b'{"token": "anybody"}')


@dataclass(kw_only=True)
class Injection:
    """
    A fault, where and how often.

    Attributes:
        fault: What.
        where: A pattern of method and path, as ``Phase`` has them.
        times: How often; then requests pass.
        hits: How often it has happened.
    """

    fault: Fault
    where: str
    times: int = FOREVER
    hits: int = 0


@dataclass(kw_only=True)
class FaultProxy:
    """
    The proxy. A context manager; leaving it ends it and every connection through it.

    Attributes:
        upstream: Host and port of the real registry.
        injections: What goes wrong now; may be changed at any time.
        requests: Method and path of every request, in order.
        address: Where it listens.
        scheme: How it is talked to.
    """

    upstream: str
    address: str = "127.0.0.1"
    scheme: str = "http"
    injections: list[Injection] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = _Server((self.address, 0), _Handler)
        self._server.proxy = self  # type: ignore[attr-defined]  # the handler looks it up there
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="fault proxy", daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def welcome(self, connection: socket.socket) -> socket.socket | None:
        """Return a new connection as the two sides go on with it, or None to end it."""
        return connection

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def registry(self) -> str:
        """Host and port, as image references have them."""
        return f"localhost:{self.port}"

    @contextlib.contextmanager
    def broken(self, fault: Fault, where: str, *, times: int = FOREVER) -> Iterator[Injection]:
        """Break matching requests while entered."""
        injection = Injection(fault=fault, where=str(where), times=times)
        with self._lock:
            self.injections.append(injection)
        try:
            yield injection
        finally:
            with self._lock:
                self.injections.remove(injection)

    def chosen(self, request: str) -> Fault | None:
        """Note a request, and return what goes wrong with it."""
        with self._lock:
            self.requests.append(request)
            for injection in self.injections:
                if injection.hits < injection.times and re.match(injection.where, request):
                    injection.hits += 1
                    return injection.fault
        return None

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or when the proxy ends."""
        self._over.wait(seconds)


def _end_at_once(connection: socket.socket) -> None:
    """Close a connection by RST, which is what no lingering means."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections that break are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    def setup(self) -> None:
        """Make files of the connection, as both sides have agreed on it."""
        proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]  # see FaultProxy
        welcomed = proxy.welcome(self.request)
        if welcomed is None:
            _end_at_once(self.request)
            raise ConnectionAbortedError
        self.request = welcomed
        super().setup()

    def finish(self) -> None:
        """Close what is still open."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        # An encrypted connection is another object than the one that the server closes.
        self.request.close()

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """Answer one request; to one in TLS as Go's servers do, so that the engine falls back."""
        if self.rfile.peek(1)[:1] == _TLS_HANDSHAKE:  # type: ignore[attr-defined]  # it is buffered
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to HTTP.\n")
            self._close()
            return
        super().handle_one_request()

    def _pass(self) -> None:
        proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]  # see FaultProxy
        fault = proxy.chosen(f"{self.command} {self.path}")
        if self.path.startswith("/token"):
            self._answer(proxy, _TOKEN)
        elif fault is None:
            self._forward(proxy)
        elif fault.status is not None:
            self._drain()
            self._answer(proxy, fault)
        else:
            self._break(proxy, fault.breaks or "close")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - its names

    def _answer(self, proxy: FaultProxy, fault: Fault) -> None:
        assert fault.status is not None
        self.send_response(fault.status)
        for name, value in fault.headers:
            self.send_header(name, value.replace("{registry}", proxy.registry))
        self.send_header("Content-Length", str(len(fault.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(fault.body)

    def _break(self, proxy: FaultProxy, how: str) -> None:
        match how:
            case "reset":
                _end_at_once(self.connection)
                self._close()
            case "close":
                self._close()
            case "hang":
                proxy.wait(3600)
                self._close()
            case _:
                self._forward(proxy, how=how)

    def _close(self) -> None:
        """End the connection; by the time the handler's files are closed, it really is."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.rfile.close()
        with contextlib.suppress(OSError):
            self.wfile.close()
        self.connection.close()

    def _drain(self) -> None:
        for _ in self._body():
            pass

    def _body(self) -> Iterator[bytes]:
        """Yield the request's body, whichever way it is framed."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            data = self.rfile.read(min(left, _CHUNK_BYTES))
            if not data:
                return
            left -= len(data)
            yield data

    def _forward(self, proxy: FaultProxy, *, how: str = "") -> None:
        upstream = HTTPConnection(proxy.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        headers["X-Forwarded-Proto"] = proxy.scheme
        has_body = "Transfer-Encoding" in self.headers or int(self.headers.get("Content-Length", 0))
        try:
            upstream.request(
                self.command,
                self.path,
                body=self._body() if has_body else None,
                headers=headers,
                encode_chunked="Content-Length" not in self.headers,
            )
            self._hand_back(proxy, upstream.getresponse(), how)
        except OSError:
            self._close()
        finally:
            upstream.close()

    def _hand_back(self, proxy: FaultProxy, response: HTTPResponse, how: str) -> None:
        body = response.read()
        self.send_response(response.status)
        length = response.headers.get("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            if name.lower() not in (*_HOP_BY_HOP, "content-length", "date", "server"):
                is_lie = how == "wrong digest" and name.lower() == "docker-content-digest"
                self.send_header(name, _LIE if is_lie else value)
        sent = len(body) // 2 if how == "truncate" else len(body)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(sent))
        self.end_headers()
        if self.command == "HEAD":
            return
        match how:
            case "cut":
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                self._close()
            case "truncate":
                self.wfile.write(body[:sent])
            case "corrupt":
                middle = len(body) // 2
                flipped = bytes([body[middle] ^ 0xFF]) if body else b""
                self.wfile.write(body[:middle] + flipped + body[middle + 1 :])
            case "slow":
                for start in range(0, len(body), max(1, len(body) // 10)):
                    self.wfile.write(body[start : start + max(1, len(body) // 10)])
                    self.wfile.flush()
                    proxy.wait(0.1)
            case _:
                self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Log nothing."""
