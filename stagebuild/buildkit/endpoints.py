"""
Addresses to connected sockets: unix, TCP, TLS, a program's pipes; and HTTP/1.1's upgrade on them.

A Docker engine up to API 1.52 serves BuildKit behind an upgrade: ``POST /grpc`` and ``POST
/session`` with ``Upgrade: h2c``, answered 101, then HTTP/2 as if the connection were fresh. A
plain buildkitd, and an engine from API 1.53 on, speaks HTTP/2 from the first byte.

Source: moby/moby daemon/server/router/{grpc,session}; moby#50744, moby#51721.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit.errors import BuildKitError, ConnectionLost, MalformedMessage
from stagebuild.values import frozen

if TYPE_CHECKING:
    import ssl
    import subprocess
    from collections.abc import Mapping, Sequence
    from typing import IO

_MAX_ANSWER_BYTES = 64 << 10
_SWITCHING_PROTOCOLS = 101
_KEEPALIVE_S = 30
_ENDING_S = 2.0


class UpgradeRefused(BuildKitError):
    """
    The engine does not serve BuildKit at this path.

    Attributes:
        status: HTTP's status code.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Address(Protocol):
    """Something that can be connected to."""

    def connect(self, timeout_s: float) -> socket.socket:
        """
        Return a connected socket.

        Raises:
            ConnectionLost: Nobody answers there, with ``refused`` set; the OSError is its cause.
        """


@frozen
class UnixAddress:
    """
    A unix socket.

    Attributes:
        path: Of the socket.
    """

    path: str

    def connect(self, timeout_s: float) -> socket.socket:
        """Return a connected socket."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        try:
            sock.connect(self.path)
        except OSError as error:
            sock.close()
            raise _refused(self, error) from error
        return sock

    def __str__(self) -> str:
        return f"unix://{self.path}"


@frozen
class TcpAddress:
    """
    A TCP port, with TLS or without.

    Attributes:
        host: Name or address.
        port: Number.
        tls: How to secure it, or None for plain text.
        server_name: The name that the certificate must have; None for ``host``.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None

    def connect(self, timeout_s: float) -> socket.socket:
        """Return a connected socket, its TLS handshake done."""
        try:
            sock = socket.create_connection((self.host, self.port), timeout_s)
        except OSError as error:
            raise _refused(self, error) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_S)
        if self.tls is None:
            return sock
        try:
            return self.tls.wrap_socket(sock, server_hostname=self.server_name or self.host)
        except OSError as error:
            sock.close()
            raise _refused(self, error) from error

    def __str__(self) -> str:
        return f"tcp://{self.host}:{self.port}"


@frozen
class CommandAddress:
    """
    A program whose standard streams are the connection, as ``ssh HOST docker system dial-stdio``.

    It ends when the connection is closed, as its input ends with it.

    Attributes:
        argv: Program and arguments.
        environ: Its environment; None for this process' own.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str] | None = None

    def connect(self, timeout_s: float) -> socket.socket:
        """Return our end of a pair of sockets, the other being the program's streams."""
        import subprocess  # noqa: PLC0415 - costs start-up time, and only remote engines need it
        import tempfile  # noqa: PLC0415 - likewise

        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the socket
        with theirs:
            streams = theirs.fileno()
            try:
                program = subprocess.Popen(
                    self.argv,
                    env=self.environ,
                    stdin=streams,
                    stdout=streams,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                errors.close()
                raise _refused(self, error) from error
        sock = _ProgramSocket(fileno=ours.detach())
        sock.program = program
        sock.errors = errors
        sock.settimeout(timeout_s)
        return sock

    def __str__(self) -> str:
        return " ".join(self.argv)


class _ProgramSocket(socket.socket):
    """A socket to a program, which ends with it."""

    program: subprocess.Popen[bytes]
    errors: IO[bytes]

    def last_words(self) -> str:
        """Return what the program said before it failed by itself; empty when it did not."""
        if not self._has_ended():
            return ""
        if self.program.returncode == 0:
            return ""
        self.errors.seek(0)
        said = self.errors.read(_MAX_ANSWER_BYTES).decode("utf-8", "replace").strip()
        return said or f"exit code {self.program.returncode}"

    def close(self) -> None:
        super().close()
        if not self._has_ended():
            self.program.kill()
            self.program.wait()
        self.errors.close()

    def _has_ended(self) -> bool:
        """Wait a little for the program's end; say whether it came."""
        ended_by_s = time.monotonic() + _ENDING_S
        while self.program.poll() is None and time.monotonic() < ended_by_s:
            time.sleep(0.005)
        return self.program.poll() is not None


def last_words(sock: socket.socket) -> str:
    """Return what a program behind a socket said before it failed; empty when nothing did."""
    return sock.last_words() if isinstance(sock, _ProgramSocket) else ""


def _refused(address: object, error: OSError) -> ConnectionLost:
    return ConnectionLost(f"{address}: {error.strerror or error}", refused=True)


@frozen
class Answer:
    """
    An HTTP/1.1 answer.

    Attributes:
        status: As 200.
        headers: Values by name in lower case.
        body: What followed the head.
    """

    status: int
    headers: dict[str, str]
    body: bytes


def upgrade(
    sock: socket.socket, path: str, headers: Sequence[tuple[str, str]] = ()
) -> tuple[socket.socket, bytes]:
    """
    Turn a connected socket into an HTTP/2 one; return it and what the peer already sent on it.

    Raises:
        UpgradeRefused: The peer speaks HTTP but does not serve BuildKit there.
        ConnectionLost: It hung up, or said nothing in time.
        MalformedMessage: It does not speak HTTP/1.1.
    """
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: h2c",
        *(f"{name}: {value}" for name, value in headers),
        "",
        "",
    ]
    try:
        sock.sendall("\r\n".join(lines).encode("latin-1"))
        answer = read_answer(sock)
    except TimeoutError as error:
        raise ConnectionLost("the engine did not answer in time") from error
    except OSError as error:
        raise ConnectionLost(f"the engine hung up: {error.strerror or error}") from error
    if answer.status != _SWITCHING_PROTOCOLS:
        words = answer.body.decode("utf-8", "replace").strip()
        raise UpgradeRefused(f"HTTP {answer.status} for {path}: {words}", status=answer.status)
    return sock, answer.body


def ping(sock: socket.socket) -> Answer:
    """
    Return what a Docker engine says of itself before an upgrade: ``api-version``, ``server``.

    The socket can be used for the next request afterwards.

    Raises:
        MalformedMessage: The peer does not speak HTTP/1.1.
        ConnectionLost: It hung up, or said nothing in time; ``refused`` when it is our certificate.
    """
    try:
        sock.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return read_answer(sock)
    except TimeoutError as error:
        raise ConnectionLost("the engine did not answer in time") from error
    except OSError as error:
        # TLS 1.3 tells only now that the engine does not accept our certificate.
        is_tls = type(error).__name__.startswith("SSL")
        words = f"the engine hung up: {error.strerror or error}"
        raise ConnectionLost(words, refused=is_tls) from error


def read_answer(sock: socket.socket) -> Answer:
    """
    Read the head of an answer and what came along with it.

    Raises:
        MalformedMessage: It is no HTTP/1.1, or its head is larger than 64 KB.
        ConnectionLost: The peer hung up within it.
        OSError: Reading failed.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(_MAX_ANSWER_BYTES)
        if not more:
            raise ConnectionLost("the engine hung up instead of answering")
        data += more
        if not data.startswith(b"HTTP/1."[: len(data)]) or len(data) > _MAX_ANSWER_BYTES:
            raise MalformedMessage("the engine does not speak HTTP/1.1")
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    code = first.split(" ")[1] if first.count(" ") else ""
    if not code.isdigit():
        raise MalformedMessage("the engine's answer has no status")
    pairs = (line.partition(":") for line in rest)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Answer(status=int(code), headers=headers, body=body)
