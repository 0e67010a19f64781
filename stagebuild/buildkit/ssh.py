"""
Forwarding an ssh agent to ``RUN --mount=type=ssh``: its socket's bytes, as messages of a call.

A build may list keys and have things signed, nothing else: requests to add, remove, lock or extend
are answered with a failure here, as BuildKit's own clients do.

Source: moby/buildkit session/sshforward; draft-miller-ssh-agent, sections 3 and 6.1.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.messages import BytesMessage, CheckAgentRequest
from stagebuild.buildkit.serving import unary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.buildkit.errors import BuildKitError
    from stagebuild.buildkit.grpc import Metadata
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service

_LIST_KEYS, _SIGN = 11, 13
_FAILURE = b"\0\0\0\1\5"
_MAX_REQUEST_BYTES = 256 << 10
_CONNECT_TIMEOUT_S = 2.0


class SshAgents:
    """
    Agents by id.

    Args:
        sockets: Paths of agents' sockets by id; ``default`` is the one without a name.
    """

    def __init__(self, sockets: Mapping[str, str]) -> None:
        self._sockets = sockets

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the two services."""
        return {
            "/moby.sshforward.v1.SSH/CheckAgent": unary(self._check),
            "/moby.sshforward.v1.SSH/ForwardAgent": lambda call: self._forward(call, loop),
        }

    def _path(self, identifier: str) -> str:
        path = self._sockets.get(identifier or "default")
        if path is None:
            raise CallFailed(Status.NOT_FOUND, f"unset ssh forward key {identifier or 'default'}")
        return path

    def _check(self, request: bytes, metadata: Metadata) -> bytes:
        del metadata
        self._path(CheckAgentRequest.decode(request).id)
        return b""

    def _forward(self, call: Served, loop: Loop) -> None:
        path = self._path(call.metadata.get("buildkit.ssh.id", ["default"])[0])
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(_CONNECT_TIMEOUT_S)
        try:
            sock.connect(path)
        except OSError as error:
            sock.close()
            words = f"ssh agent at {path}: {error.strerror or error}"
            raise CallFailed(Status.UNAVAILABLE, words) from error
        forward = _Forward(call)
        wire = loop.attach(sock)
        wire.peer = forward
        requests = _Requests()

        def on_message(data: bytes) -> None:
            for request in requests.feed(BytesMessage.decode(data).data):
                if request[4:5] and request[4] in (_LIST_KEYS, _SIGN):
                    wire.write(request)
                else:
                    call.send(BytesMessage(data=_FAILURE).encode())

        def on_finished() -> None:
            wire.close()
            call.end()

        call.on_message = on_message
        call.on_finished = on_finished
        call.on_given_up = wire.close


class _Forward:
    """What comes from the agent goes to the call."""

    def __init__(self, call: Served) -> None:
        self._call = call

    def on_bytes(self, data: bytes) -> None:
        self._call.send(BytesMessage(data=data).encode())
        self._call.stream.flush()

    def on_room(self) -> None: ...

    def on_closed(self, error: BuildKitError) -> None:
        del error
        self._call.end()
        self._call.stream.flush()


class _Requests:
    """Cuts bytes into an agent's requests: four bytes of length, then that many."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        self._rest += data
        found: list[bytes] = []
        while len(self._rest) >= 4:  # noqa: PLR2004 - the length
            end = 4 + int.from_bytes(self._rest[:4], "big")
            if end > _MAX_REQUEST_BYTES:
                raise CallFailed(Status.INVALID_ARGUMENT, "an ssh agent request of over 256 KB")
            if end > len(self._rest):
                break
            found.append(self._rest[:end])
            self._rest = self._rest[end:]
        return found
