"""
A connection to BuildKit, for any thread: builds, and questions that have one answer.

::

    with Client(UnixAddress(path="/var/run/docker.sock")) as client:
        client.serve(session)                       # what the build may ask of us
        running = client.solve(SolveRequest(session=session.id, frontend="dockerfile.v0", …))
        for status in running.statuses():           # as it happens
            …
        response = running.response()               # or the error that ended it

Source: moby/buildkit client/solve.go, client/client.go, session/grpchijack.
"""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Self, TypeVar

from stagebuild.buildkit import endpoints
from stagebuild.buildkit.calls import Call
from stagebuild.buildkit.errors import BuildKitError, ConnectionLost, MalformedMessage
from stagebuild.buildkit.http2 import Connection
from stagebuild.buildkit.loop import Loop
from stagebuild.buildkit.messages import InfoResponse, ListWorkersResponse
from stagebuild.buildkit.running import CONTROL, Running
from stagebuild.buildkit.tunnel import Tunnel
from stagebuild.buildkit.wire import Message

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from stagebuild.buildkit.endpoints import Address
    from stagebuild.buildkit.loop import SocketWire
    from stagebuild.buildkit.messages import SolveRequest, WorkerRecord
    from stagebuild.buildkit.session import Session

_CONNECT_TIMEOUT_S = 10.0
_ANSWER_TIMEOUT_S = 30.0
_NOT_FOUND = 404
_LATE_S = 10.0
# The engine checks a session's health every 5 s, with 15 s to answer, so a minute is far too long.
_SILENCE_S = 60.0

M = TypeVar("M", bound=Message)


class Client:
    """
    A connection to BuildKit. A context manager: leaving it ends the connection and the thread.

    Args:
        address: Of a Docker engine or a buildkitd.
        silence_s: How long a peer that should be talking may be silent before it counts as gone.

    Attributes:
        engine: What a Docker engine said of itself, ``server`` and ``api-version`` among it; empty
            for a buildkitd.

    Raises:
        ConnectionLost: Nobody answers at the address.
        endpoints.UpgradeRefused: A Docker engine answers that has no BuildKit.
    """

    def __init__(self, address: Address, *, silence_s: float = _SILENCE_S) -> None:
        self._address = address
        self._silence_s = silence_s
        self._tunneled = False
        self.engine: dict[str, str] = {}
        sock, rest = self._connect()
        self._loop = Loop()
        wire = self._loop.attach(sock)
        self._connection = Connection(wire, client=True)
        wire.peer = self._connection
        self._loop.start()
        if rest:
            self._loop.call(lambda: self._connection.on_bytes(rest))

    @property
    def is_docker(self) -> bool:
        """Whether a Docker engine answered, by its upgrade, and not a plain BuildKit."""
        return not self._tunneled

    @property
    def is_lost(self) -> bool:
        """Whether the engine has ended the connection, or fallen silent: no call can succeed."""
        return self._connection.has_ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, the session and the thread."""
        self._loop.close()

    def close_after(self, builds: Sequence[Running]) -> None:
        """End the connection when the builds are answered, at most 10 s later; do not wait."""
        waiting = list(builds)

        def answered() -> None:
            waiting.pop()
            if not waiting:
                self._loop.close()

        def begin() -> None:
            self._loop.later(_LATE_S, self._loop.close)
            for build in builds:
                build.when_solved(answered)

        self._loop.call(begin)

    def _connect(self) -> tuple[socket.socket, bytes]:
        """
        Return an HTTP/2 socket: through Docker's upgrade, or the address itself.

        A gRPC server answers a line of HTTP/1.1 with a frame, or hangs up.
        """
        sock = self._address.connect(_CONNECT_TIMEOUT_S)
        try:
            self.engine = endpoints.ping(sock).headers
            return endpoints.upgrade(sock, "/grpc")
        except (MalformedMessage, ConnectionLost, endpoints.UpgradeRefused) as error:
            words = endpoints.last_words(sock)
            sock.close()
            if words:
                raise ConnectionLost(f"{self._address}: {words}", refused=True) from error
            if isinstance(error, ConnectionLost) and error.refused:
                raise
            is_engine = bool(self.engine)
            if is_engine and getattr(error, "status", 0) != _NOT_FOUND:
                raise
            self._tunneled = True
            return self._address.connect(_CONNECT_TIMEOUT_S), b""
        except BaseException:
            sock.close()
            raise

    def ask(
        self,
        method: str,
        request: Message,
        answer: type[M],
        *,
        timeout_s: float = _ANSWER_TIMEOUT_S,
    ) -> M:
        """
        Return the answer to a call with one message each way.

        Raises:
            CallFailed: The engine answered with an error.
            ConnectionLost: It is gone, or did not answer in time.
            MalformedMessage: The answer can't be read.
        """
        return answer.decode(self._exchange(method, request, timeout_s)[0])

    def _exchange(self, method: str, request: Message, timeout_s: float) -> list[bytes]:
        received: list[bytes] = []
        ended: queue.SimpleQueue[BuildKitError | None] = queue.SimpleQueue()

        def begin() -> None:
            try:
                call = Call(
                    self._connection, CONTROL + method, on_message=received.append, on_end=ended.put
                )
            except BuildKitError as error:
                ended.put(error)
                return
            call.send(request.encode())
            call.finish()
            self._loop.later(timeout_s, call.cancel)

        self._loop.call(begin)
        try:
            error = ended.get(timeout=timeout_s + 1)
        except queue.Empty:
            raise ConnectionLost(f"{method} was not answered in {timeout_s:g} s") from None
        if error is not None:
            raise error
        if not received:
            raise MalformedMessage(f"{method} was answered with nothing")
        return received

    def workers(self) -> tuple[WorkerRecord, ...]:
        """Return the engine's workers, the default one first."""
        return self.ask("ListWorkers", _Empty(), ListWorkersResponse).records

    def info(self) -> InfoResponse:
        """Return BuildKit's version; engines before 0.11 answer UNIMPLEMENTED."""
        return self.ask("Info", _Empty(), InfoResponse)

    def solve(self, request: SolveRequest) -> Running:
        """Start a build; ``request.ref`` must be unique to it."""
        running = Running(self._loop, request.ref)
        self._loop.call(lambda: running.begin(self._connection, request))
        return running

    def serve(self, session: Session) -> None:
        """
        Let the engine call a session's services, until the client is closed.

        Raises:
            ConnectionLost: The engine refused the session, or is gone.
        """
        if self._tunneled:
            self._loop.call(lambda: self._serve_tunneled(session))
            return
        sock = self._address.connect(_CONNECT_TIMEOUT_S)
        try:
            _, rest = endpoints.upgrade(sock, "/session", session.headers())
        except endpoints.UpgradeRefused as error:
            sock.close()
            raise ConnectionLost(f"the engine refused the session: {error}") from error
        except BaseException:
            sock.close()
            raise

        def begin() -> None:
            if self._connection.has_ended():
                sock.close()
                return
            wire = self._loop.attach(sock)
            wire.peer = session.connection(wire, self._loop)
            if rest:
                wire.peer.on_bytes(rest)
            self._watch(wire)

        self._loop.call(begin)

    def _watch(self, wire: SocketWire) -> None:
        """Give the engine up when its health checks stop coming."""
        if self._connection.lost is not None:
            return
        if time.monotonic() - wire.heard_s > self._silence_s:
            error = ConnectionLost(f"the engine has been silent for {self._silence_s:g} s")
            self._connection.on_closed(error)
            return
        self._loop.later(self._silence_s / 4, lambda: self._watch(wire))

    def _serve_tunneled(self, session: Session) -> None:
        metadata: dict[str, list[str]] = {}
        for name, value in session.headers():
            metadata.setdefault(name.lower(), []).append(value)
        tunnel = Tunnel()
        try:
            tunnel.call = Call(
                self._connection,
                CONTROL + "Session",
                on_message=tunnel.on_message,
                on_end=tunnel.on_end,
                metadata=metadata,
            )
        except BuildKitError:
            return  # the solve that needs it will tell
        tunnel.inner = session.connection(tunnel, self._loop)


class _Empty(Message):
    """A message without fields."""
