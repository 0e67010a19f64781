"""What an engine says of itself, for people who want to know why a build would not work."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stagebuild.backends.sdk.dockerconfig import BACKEND, DockerConfig
from stagebuild.backends.sdk.engineapi import api_client
from stagebuild.errors import EngineUnavailable
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTAINERD = "io.containerd.snapshotter.v1"
_TIMEOUT_S = 20


@frozen
class EngineState:
    """
    An engine that answers.

    Attributes:
        host: Its address, as ``unix:///var/run/docker.sock``.
        version: As ``28.5.2``.
        api: Version of its API, as ``1.51``.
        platform: As ``linux/amd64``.
        containerd_store: Whether its images are in containerd's store.
        storage: Name of the storage driver or snapshotter.
        root: Its data folder, as it sees it.
        time_s: Its clock, seconds since 1970; None when it does not say.
        is_local: Whether it runs on this machine, behind a socket.
    """

    host: str
    version: str
    api: str
    platform: str
    containerd_store: bool
    storage: str
    root: str
    time_s: float | None
    is_local: bool


def engine_address(environ: Mapping[str, str]) -> str:
    """
    Return where the engine is that would be used.

    Raises:
        EngineUnavailable: The docker context in use does not exist.
    """
    return DockerConfig(environ).engine_host().url


def inspect_engine(environ: Mapping[str, str]) -> EngineState:
    """
    Ask the engine that would be used what it is.

    Raises:
        EngineUnavailable: There is none that answers; the hint says what to do.
    """
    from docker.errors import DockerException  # noqa: PLC0415 - 150 ms, see the package
    from requests.exceptions import RequestException  # noqa: PLC0415 - docker-py's own

    host = DockerConfig(environ).engine_host()
    try:
        client = api_client(host)
        try:
            client.timeout = _TIMEOUT_S
            info: dict[str, Any] = client.info()
            version: dict[str, Any] = client.version()
        finally:
            client.close()
    except EngineUnavailable as error:
        raise EngineUnavailable(error.message, backend=BACKEND, hint=_remedy(str(error))) from error
    except (DockerException, RequestException, OSError) as error:
        raise EngineUnavailable(
            f"{host.url}: {error}", backend=BACKEND, hint=_remedy(str(error))
        ) from error
    return EngineState(
        host=host.url,
        version=str(info.get("ServerVersion") or version.get("Version") or ""),
        api=str(version.get("ApiVersion") or ""),
        platform=f"{version.get('Os', 'linux')}/{version.get('Arch', '')}",
        containerd_store=any(_CONTAINERD in pair for pair in info.get("DriverStatus") or ()),
        storage=str(info.get("Driver") or ""),
        root=str(info.get("DockerRootDir") or ""),
        time_s=_seconds(str(info.get("SystemTime") or "")),
        is_local=host.url.startswith("unix://"),
    )


def _remedy(said: str) -> str:
    """Return what to do about a connection that fails, by what was said of it."""
    if "Permission" in said:
        return "you may not use the socket: join the docker group (newgrp docker), or use sudo"
    if "certificate" in said or "SSL" in said:
        return "check DOCKER_CERT_PATH and DOCKER_TLS_VERIFY, or the docker context"
    if "No such file" in said or "ConnectionRefused" in said or "refused" in said:
        return "start the engine (systemctl start docker, or Docker Desktop), or set DOCKER_HOST"
    return "check DOCKER_HOST and `docker context ls`"


def _seconds(text: str) -> float | None:
    """Return a time as the engine writes it, with nanoseconds, in seconds since 1970."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    moment = datetime.fromisoformat(found[1] + zone).astimezone(UTC)
    return moment.timestamp() + float(found[2] or 0)
