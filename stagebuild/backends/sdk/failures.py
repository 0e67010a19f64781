"""
What went wrong, from the status that a call ended with and its typed details.

Details are JSON in protobuf's ``Any``, named by a type URL that ends in ``+json``: the vertex that
failed, the place in the Dockerfile, the exit code of its process.

Source: moby/buildkit util/grpcerrors, solver/errdefs, frontend/gateway/pb/exit.go.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.requirements import CACHE_KIND_REMEDY, unknown_cache
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.buildkit.endpoints import UpgradeRefused
from stagebuild.buildkit.errors import CallFailed, ConnectionLost, Status
from stagebuild.errors import (
    BackendError,
    EngineUnavailable,
    ProtocolError,
    UnsupportedFeature,
)

if TYPE_CHECKING:
    from stagebuild.buildkit.errors import BuildKitError

# The second is how BuildKit 0.8 says it.
_EXIT_CODE = re.compile(
    r"(?:did not complete successfully|executor failed running .*): exit code: (\d+)"
)
_CANCELED = re.compile(r"context canceled\s*$")
_FORBIDDEN = 403

START_HINT = (
    "start the engine (systemctl start docker, or Docker Desktop), or point DOCKER_HOST or "
    "`docker context use` at a running one"
)
PERMISSION_HINT = (
    "add the user to the group of the engine's socket (usermod -aG docker NAME, then log in anew), "
    "or use a rootless engine"
)
SSH_HINT = (
    "`ssh HOST docker system dial-stdio` must work without a question: a key in an agent, the host "
    "in known_hosts, the user in the engine's group"
)
TLS_HINT = (
    "DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem, which the engine must "
    "accept; DOCKER_TLS_VERIFY=1 turns TLS on"
)
UPGRADE_HINT = "upgrade it to Docker 20.10 or later, and leave BuildKit enabled"
LOST_HINT = "see the engine's log (journalctl -u docker); the next build goes on from its cache"


def failure_of(
    error: BuildKitError, *, cancel_reason: str | None, where: str
) -> SolveFailed | BackendError:
    """
    Return the error to raise for a build that ended with ``error``.

    Args:
        error: What the protocol said.
        cancel_reason: Why the build was asked to end, or None.
        where: The engine's address, for messages.
    """
    if cancel_reason is not None:
        return SolveFailed(cancel_reason, canceled=True)
    match error:
        case CallFailed():
            return _failed(error)
        case ConnectionLost(refused=True):
            return unavailable(error, where)
        case ConnectionLost():
            return SolveFailed(f"the engine at {where} went away during the build: {error}")
        case UpgradeRefused():
            words = "this connection may not build" if error.status == _FORBIDDEN else "no BuildKit"
            return EngineUnavailable(
                f"the engine at {where}: {words} ({error})", backend=BACKEND, hint=UPGRADE_HINT
            )
        case _:
            return ProtocolError(f"the engine at {where}: {error}", backend=BACKEND, hint=LOST_HINT)


def unavailable(error: ConnectionLost, where: str) -> EngineUnavailable:
    """Return the error for an engine that can't be connected to."""
    if isinstance(error.__cause__, PermissionError):
        return EngineUnavailable(
            f"the Docker engine at {where} may not be used by this user",
            backend=BACKEND,
            hint=PERMISSION_HINT,
        )
    hint = START_HINT
    if where.startswith("ssh:"):
        hint = SSH_HINT
    elif any(word in str(error).lower() for word in ("certificate", "ssl", "peer closed")):
        hint = TLS_HINT
    return EngineUnavailable(f"there is no Docker engine: {error}", backend=BACKEND, hint=hint)


def _failed(error: CallFailed) -> SolveFailed | BackendError:
    cache = unknown_cache(error.message)
    if cache:
        return UnsupportedFeature(cache, backend=BACKEND, remedy=CACHE_KIND_REMEDY)
    details = [(url, _object(value)) for url, value in error.details]
    exit_code = line = vertex = None
    for url, detail in details:
        if url.endswith("gatewayapi.ExitMessage+json"):
            exit_code = _integer(detail.get("Code", detail.get("code")))
        elif url.endswith("errdefs.Source+json"):
            line = _first_line(detail) or line
        elif url.endswith("errdefs.Vertex+json"):
            vertex = str(detail.get("digest", "")) or None
    said = _EXIT_CODE.search(error.message)
    if exit_code is None and said is not None:
        exit_code = int(said[1])
    is_canceled = error.status is Status.CANCELED or bool(_CANCELED.search(error.message))
    return SolveFailed(
        f"failed to solve: {error.message}",
        canceled=is_canceled,
        process_exit_code=exit_code,
        line=line,
        vertex=vertex,
    )


def _first_line(source: dict[str, Any]) -> int | None:
    lines = [
        _integer((area.get("start") or {}).get("line"))
        for area in source.get("ranges") or ()
        if isinstance(area, dict)
    ]
    return min((line for line in lines if line), default=None)


def _object(value: bytes) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
