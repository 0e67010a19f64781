"""
A session: the services that a running build may call here. The engine is the client of it.

The connection is opened by us and turned around: the engine makes the calls. It names what it may
call by headers when the session begins, and finds the session of a build by its id.

Source: moby/buildkit session/session.go, session/grpc.go (health), session/auth, session/secrets.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.http2 import Connection
from stagebuild.buildkit.messages import (
    CredentialsRequest,
    CredentialsResponse,
    GetSecretRequest,
    GetSecretResponse,
    HealthResponse,
)
from stagebuild.buildkit.serving import Served, unary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stagebuild.buildkit.grpc import Metadata
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.sending import Wire
    from stagebuild.buildkit.serving import Service
    from stagebuild.buildkit.streams import Stream

FILE_SYNC = "/moby.filesync.v1.FileSync/DiffCopy"
"""The service by which the engine asks for folders."""

_SERVING = 1
_HEALTH = "/grpc.health.v1.Health/Check"


class Provider(Protocol):
    """Something that offers services to a build."""

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return services by path; ``loop`` is the one that they will be called in."""


def new_id() -> str:
    """Return an identifier as BuildKit's own clients make them: 25 random letters and digits."""
    number = int.from_bytes(os.urandom(17), "big")
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    out = ""
    for _ in range(25):
        number, place = divmod(number, len(letters))
        out += letters[place]
    return out


class Session:
    """
    Services under one id, for one run of builds.

    A context folder is synced once in a session: a second build in it sees the files as they were
    for the first. So a session is for builds that run at the same time.

    Args:
        providers: What is offered.
        shared_key: Names the engine's copy of our folders, so that the next session with the same
            key sends only what changed.

    Attributes:
        id: Names the session in a solve's request.
    """

    def __init__(self, providers: Iterable[Provider] = (), *, shared_key: str = "") -> None:
        self.id = new_id()
        self._providers = list(providers)
        self._shared_key = shared_key
        self._paths: list[str] = []

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that begin the session."""
        paths = {path for provider in self._providers for path in provider.services(_NOWHERE)}
        return [
            ("X-Docker-Expose-Session-Uuid", self.id),
            ("X-Docker-Expose-Session-Name", ""),
            ("X-Docker-Expose-Session-Sharedkey", self._shared_key),
            *(("X-Docker-Expose-Session-Grpc-Method", path) for path in sorted({_HEALTH, *paths})),
        ]

    def connection(self, wire: Wire, loop: Loop) -> Connection:
        """Return our end of the session on a wire."""
        services: dict[str, Service] = {_HEALTH: unary(_healthy)}
        for provider in self._providers:
            services.update(provider.services(loop))

        def accept(stream: Stream) -> None:
            Served(stream, services)

        return Connection(wire, client=False, accept=accept)


def _healthy(_request: bytes, _metadata: Metadata) -> bytes:
    return HealthResponse(status=_SERVING).encode()


class Late:
    """
    A service whose code is loaded when it is first called: the engine has things to do before.

    Args:
        path: Of the service.
        load: Returns who offers it.
    """

    def __init__(self, path: str, load: Callable[[], Provider]) -> None:
        self._path = path
        self._load = load
        self._service: Service | None = None

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the one service."""

        def serve(call: Served) -> None:
            if self._service is None:
                self._service = self._load().services(loop)[self._path]
            self._service(call)

        return {self._path: serve}


class Secrets:
    """
    Secrets by id.

    Args:
        read: Returns a secret's bytes; raises KeyError for an id that there is none of, OSError
            when it can't be read.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the one service."""
        del loop
        return {"/moby.buildkit.secrets.v1.Secrets/GetSecret": unary(self._get)}

    def _get(self, request: bytes, metadata: Metadata) -> bytes:
        del metadata
        identifier = GetSecretRequest.decode(request).id
        try:
            return GetSecretResponse(data=self._read(identifier)).encode()
        except KeyError:
            raise CallFailed(Status.NOT_FOUND, f"secret {identifier}: not found") from None
        except OSError as error:
            words = f"secret {identifier}: {error.strerror or error}"
            raise CallFailed(Status.UNKNOWN, words) from error


class Auth:
    """
    Credentials of registries. Programs may have to be asked for them, so that takes a thread.

    The engine fetches tokens itself: of the Auth service only ``Credentials`` is offered.

    Args:
        look_up: Returns user name and secret for a registry's host, empty ones for none. Called in
            a thread of its own; an OSError of it is told to the engine.
    """

    def __init__(self, look_up: Callable[[str], tuple[str, str]]) -> None:
        self._look_up = look_up
        self._known: dict[str, tuple[str, str]] = {}

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the one service."""
        return {"/moby.filesync.v1.Auth/Credentials": lambda call: self._serve(call, loop)}

    def _serve(self, call: Served, loop: Loop) -> None:
        def on_message(data: bytes) -> None:
            host = CredentialsRequest.decode(data).host
            if host in self._known:
                _reply(call, *self._known[host])
                return
            worker = threading.Thread(
                target=self._ask, args=(call, host, loop), name="buildkit-auth", daemon=True
            )
            worker.start()

        call.on_message = on_message

    def _ask(self, call: Served, host: str, loop: Loop) -> None:
        try:
            found = self._look_up(host)
        except OSError as error:
            words = f"credentials of {host}: {error.strerror or error}"
            loop.call(lambda: _refuse(call, words))
            return
        self._known[host] = found
        loop.call(lambda: _reply(call, *found))


def _reply(call: Served, username: str, secret: str) -> None:
    call.send(CredentialsResponse(username=username, secret=secret).encode())
    call.end()
    call.stream.flush()


def _refuse(call: Served, words: str) -> None:
    call.end(Status.UNKNOWN, words)
    call.stream.flush()


class _Nowhere:
    """Stands for the loop where only the paths of services are asked for."""

    def call(self, function: Callable[[], None]) -> None:
        raise NotImplementedError


_NOWHERE: Loop = _Nowhere()  # type: ignore[assignment]  # see its docstring
