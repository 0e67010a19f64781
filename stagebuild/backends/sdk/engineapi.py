"""
What goes through the Engine API, by docker-py: pushing where the engine ignores ``push``.

An engine whose images are in a graph driver (any before Docker 24, most until 29) has a BuildKit
that does not push; docker's own clients push afterwards, and so do we, and tell of it as buildx
does.

Source: docker/buildx build/build.go (pushWithMoby); Engine API, ImagePush.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.errors import EngineUnavailable
from stagebuild.model.references import Reference
from stagebuild.model.values import Digest
from stagebuild.progress.events import StatusUpdate, VertexUpdate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from stagebuild.backends.base import Cancel, Emit
    from stagebuild.backends.sdk.dockerconfig import EngineHost

_TIMEOUT_S = 600


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
    host: EngineHost, tag: str, auth: tuple[str, str], *, emit: Emit, cancel: Cancel
) -> Digest | None:
    """
    Push one tag and return the digest that the registry has it under.

    Raises:
        SolveFailed: The registry refused, or it was canceled.
        EngineUnavailable: The engine is gone.
    """
    reference = Reference.parse(tag)
    name = f"{reference.domain}/{reference.path}"
    vertex = VertexUpdate(
        digest=f"sha256:{_push_id(tag)}", name=f"pushing {tag} with docker", started_s=time.time()
    )
    emit(vertex)
    try:
        lines = _Pushing(host, cancel).lines(name, reference.tag or "latest", auth)
        digest = _told(lines, vertex, emit)
    except SolveFailed as failed:
        emit(_ended(vertex, failed.message))
        raise
    emit(_ended(vertex, ""))
    return digest


class _Pushing:
    """A push by docker-py, whose errors become ours."""

    def __init__(self, host: EngineHost, cancel: Cancel) -> None:
        self._host = host
        self._cancel = cancel

    def lines(self, name: str, tag: str, auth: tuple[str, str]) -> Iterator[dict[str, Any]]:
        """Push, and give what the engine tells, line by line."""
        from docker.errors import DockerException  # noqa: PLC0415 - see the package
        from requests.exceptions import RequestException  # noqa: PLC0415 - docker-py's own

        client = api_client(self._host)
        withdraw = self._cancel.on_cancel(client.close)
        try:
            said = client.push(name, tag=tag, stream=True, decode=True, auth_config=_auth(auth))
            for line in said:
                self._stop_if_asked()
                if "error" in line:
                    raise SolveFailed(f"failed to push {name}:{tag}: {line['error']}")
                yield line
        except (DockerException, RequestException, OSError, ValueError) as error:
            self._stop_if_asked()
            raise SolveFailed(f"failed to push {name}:{tag}: {error}") from error
        finally:
            withdraw()
            client.close()

    def _stop_if_asked(self) -> None:
        if self._cancel.requested:
            raise SolveFailed(self._cancel.reason or "canceled", canceled=True)


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
