"""
Asking the engine at a local socket, without a library: what it knows of registries and images.

Source: Engine API, SystemInfo (RegistryConfig), DistributionInspect, ImageInspect.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stagebuild.buildkit.endpoints import UnixAddress, read_answer
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.sdk.dockerconfig import DockerConfig
    from stagebuild.buildkit.endpoints import Answer

_TIMEOUT_S = 10.0
_AT_ONCE_BYTES = 1 << 16
_OK = 200


def ask_engine(
    config: DockerConfig, path: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """
    Return what the engine answers, or None where it does not or is not at a local socket.

    Raises:
        OSError: It can't be reached.
        BuildKitError: Likewise, or it answers in no HTTP.
        EngineUnavailable: Docker's configuration names no engine.
    """
    host = config.engine_host().url
    if not host.startswith("unix://"):
        return None
    answer = _answer(UnixAddress(path=host.removeprefix("unix://")), path, headers or {})
    found = json.loads(answer.body) if answer.status == _OK else None
    return found if isinstance(found, dict) else None


def registry_auth(auth: tuple[str, str]) -> str:
    """Return the value of ``X-Registry-Auth`` for user name and secret."""
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - a private registry

    user, secret = auth
    fields = {"username": user, "password": secret} if user else {"identitytoken": secret}
    return urlsafe_b64encode(json.dumps(fields).encode()).decode()


def _answer(address: UnixAddress, path: str, headers: Mapping[str, str]) -> Answer:
    """
    Return what an engine answers to a GET.

    To HTTP/1.0 it answers in one piece and hangs up. http.client does more, and is 15 ms of imports
    on the way of a build that is skipped.

    Raises:
        ConnectionLost: Nobody answers.
        MalformedMessage: It is no HTTP.
        OSError: The connection broke.
    """
    lines = [f"GET {path} HTTP/1.0", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with address.connect(_TIMEOUT_S) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.sendall("\r\n".join((*lines, "", "")).encode("latin-1"))
        answer = read_answer(connection)
        body = [answer.body]
        while more := connection.recv(_AT_ONCE_BYTES):
            body.append(more)
    return replaced(answer, body=b"".join(body))
