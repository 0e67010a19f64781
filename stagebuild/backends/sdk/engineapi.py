"""
What goes through the Engine API: looking, by docker-py, and pushing where BuildKit ignores it.

An engine whose images are in a graph driver (any before Docker 24, most until 29) has a BuildKit
that does not push; docker's own clients push afterwards, and so do we, and tell of it as buildx
does.

Source: docker/buildx build/build.go (pushWithMoby); Engine API, ImagePush.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.errors import EngineUnavailable
from stagebuild.model.references import Reference
from stagebuild.model.values import Digest
from stagebuild.progress.events import StatusUpdate, VertexUpdate

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from docker import APIClient

    from stagebuild.backends.base import Cancel, Emit
    from stagebuild.backends.sdk.dockerconfig import EngineHost
    from stagebuild.buildkit.endpoints import Address

_TIMEOUT_S = 600
_CONNECT_TIMEOUT_S = 10.0
_OK = 200


def api_client(host: EngineHost) -> APIClient:
    """
    Return docker-py's client of an engine.

    Raises:
        EngineUnavailable: It can't be connected to.
    """
    from docker import APIClient  # noqa: PLC0415 - 150 ms, see the package
    from docker.errors import DockerException  # noqa: PLC0415
    from docker.tls import TLSConfig  # noqa: PLC0415

    tls: TLSConfig | bool = False
    if host.tls_folder is not None:
        folder = host.tls_folder
        tls = TLSConfig(
            client_cert=(f"{folder}/cert.pem", f"{folder}/key.pem"),
            ca_cert=f"{folder}/ca.pem" if host.verify else None,
            verify=host.verify,
        )

    class Client(APIClient):
        """A client whose certificates are the engine's, whatever REQUESTS_CA_BUNDLE says."""

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            verify = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, verify, cert)

    try:
        return Client(base_url=host.url, version="auto", tls=tls, timeout=_TIMEOUT_S)
    except DockerException as error:
        raise EngineUnavailable(f"{host.url}: {error}", backend=BACKEND) from error


def push(
    address: Address, tag: str, auth: tuple[str, str], *, emit: Emit, cancel: Cancel
) -> Digest | None:
    """
    Push one tag and return the digest that the registry has it under.

    Args:
        address: Of the engine.
        tag: What to push.
        auth: User name and secret of the registry.
        emit: Told of it as of a step.
        cancel: Ends it in the engine, too.

    Raises:
        SolveFailed: The registry refused, it was canceled, or the engine is gone.
    """
    reference = Reference.parse(tag)
    vertex = VertexUpdate(
        digest=f"sha256:{_push_id(tag)}", name=f"pushing {tag} with docker", started_s=time.time()
    )
    emit(vertex)
    name, version = f"{reference.domain}/{reference.path}", reference.tag or "latest"
    try:
        digest = _told(_lines(address, name, version, auth=auth, cancel=cancel), vertex, emit)
    except SolveFailed as failed:
        emit(_ended(vertex, failed.message))
        raise
    emit(_ended(vertex, ""))
    return digest


def _lines(
    address: Address, name: str, tag: str, *, auth: tuple[str, str], cancel: Cancel
) -> Iterator[dict[str, Any]]:
    """
    Push, and give what the engine tells, line by line.

    On a connection of our own: docker-py's can't be ended while it waits for a silent registry,
    and the engine pushes on as long as somebody listens.
    """
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - only where the engine does not push
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - likewise
    from urllib.parse import quote  # noqa: PLC0415 - likewise

    connection = HTTPConnection("localhost")
    withdraw = _nothing
    try:
        sock = connection.sock = address.connect(_CONNECT_TIMEOUT_S)
        sock.settimeout(None)
        withdraw = cancel.on_cancel(lambda: _hang_up(sock))
        said = urlsafe_b64encode(json.dumps(_auth(auth)).encode()).decode()
        path = f"/images/{quote(name)}/push?tag={quote(tag)}"
        connection.request("POST", path, headers={"X-Registry-Auth": said, "Content-Length": "0"})
        answer = connection.getresponse()
        for text in answer:
            line = json.loads(text)
            if "error" in line or answer.status != _OK:
                words = line.get("error") or line.get("message") or f"HTTP {answer.status}"
                raise SolveFailed(f"failed to push {name}:{tag}: {words}")
            yield line
        _stop_if_asked(cancel)
    except (HTTPException, BuildKitError, OSError, ValueError) as error:
        _stop_if_asked(cancel)
        raise SolveFailed(f"failed to push {name}:{tag}: {error}") from error
    finally:
        withdraw()
        connection.close()


def _nothing() -> None:
    """Withdraws a callback that there is none of."""


def _hang_up(sock: socket.socket) -> None:
    """End a connection that another thread reads."""
    import socket  # noqa: PLC0415 - its name is a type above

    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _stop_if_asked(cancel: Cancel) -> None:
    if cancel.requested:
        raise SolveFailed(cancel.reason or "canceled", canceled=True)


def _told(lines: Iterator[dict[str, Any]], vertex: VertexUpdate, emit: Emit) -> Digest | None:
    digest = None
    for line in lines:
        _tell(line, vertex, emit)
        digest = (line.get("aux") or {}).get("Digest") or digest
    return Digest.parse(digest) if digest else None


def _auth(auth: tuple[str, str]) -> dict[str, str]:
    username, secret = auth
    if not username:
        return {"identitytoken": secret} if secret else {"username": "", "password": ""}
    return {"username": username, "password": secret}


def _tell(line: dict[str, Any], vertex: VertexUpdate, emit: Emit) -> None:
    detail = line.get("progressDetail") or {}
    if "id" in line and detail:
        emit(
            StatusUpdate(
                vertex=vertex.digest,
                id=f"{line.get('status', '').lower()} {line['id']}",
                current=int(detail.get("current") or 0),
                total=int(detail.get("total") or 0),
                at_s=time.time(),
                started_s=vertex.started_s,
            )
        )


def _ended(vertex: VertexUpdate, error: str) -> VertexUpdate:
    return VertexUpdate(
        digest=vertex.digest,
        name=vertex.name,
        started_s=vertex.started_s,
        completed_s=time.time(),
        error=error,
    )


def _push_id(tag: str) -> str:
    from hashlib import sha256  # noqa: PLC0415 - only where the engine does not push

    return sha256(f"push {tag} {time.time_ns()}".encode()).hexdigest()
