"""
Asking the engine at a local socket, without a library: what it knows of registries and images.

Source: Engine API, SystemInfo (RegistryConfig), DistributionInspect, ImageInspect.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPConnection

    from stagebuild.backends.sdk.dockerconfig import DockerConfig

_TIMEOUT_S = 10.0
_OK = 200


def ask_engine(
    config: DockerConfig, path: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """
    Return what the engine answers, or None where it does not or is not at a local socket.

    Raises:
        OSError: It can't be reached.
        EngineUnavailable: Docker's configuration names no engine.
    """
    host = config.engine_host().url
    if not host.startswith("unix://"):
        return None
    connection = _unix_connection(host.removeprefix("unix://"))
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    found = json.loads(content) if answer.status == _OK else None
    return found if isinstance(found, dict) else None


def registry_auth(auth: tuple[str, str]) -> str:
    """Return the value of ``X-Registry-Auth`` for user name and secret."""
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - a private registry

    user, secret = auth
    fields = {"username": user, "password": secret} if user else {"identitytoken": secret}
    return urlsafe_b64encode(json.dumps(fields).encode()).decode()


def _unix_connection(path: str) -> HTTPConnection:
    import socket  # noqa: PLC0415 - only when somebody is asked
    from http.client import HTTPConnection  # noqa: PLC0415 - the same

    connection = HTTPConnection("localhost", timeout=_TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(_TIMEOUT_S)
    try:
        connection.sock.connect(path)
    except OSError:
        connection.close()
        raise
    return connection
