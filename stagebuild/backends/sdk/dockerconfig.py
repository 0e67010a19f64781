"""
The docker command's configuration: which engine it talks to, its proxies, its credentials.

Source: docker/cli cli/command/cli.go (resolveContextName), cli/context/store,
cli/config/configfile.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from stagebuild.buildkit.endpoints import CommandAddress, TcpAddress, UnixAddress
from stagebuild.errors import EngineUnavailable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from stagebuild.buildkit.endpoints import Address

BACKEND = "sdk"
DEFAULT_HOST = "unix:///var/run/docker.sock"

_PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}
_TLS_PORT, _PLAIN_PORT = 2376, 2375


class EngineHost(NamedTuple):
    """
    Where an engine is.

    Attributes:
        url: As ``unix:///var/run/docker.sock``, ``tcp://host:2376``, ``ssh://user@host``.
        tls_folder: With ``ca.pem``, ``cert.pem`` and ``key.pem`` as far as there are any; None
            for a connection without TLS.
        verify: Whether the engine's certificate is checked.
    """

    url: str
    tls_folder: str | None = None
    verify: bool = True


class DockerConfig:
    """
    The configuration, read when first asked for.

    Args:
        environ: The process environment.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        home = environ.get("HOME", "")
        self.folder = environ.get("DOCKER_CONFIG") or f"{home}/.docker"
        self._content: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """``config.json``; empty when there is none, or none that can be read."""
        if self._content is None:
            self._content = _json(f"{self.folder}/config.json")
        return self._content

    def engine_host(self) -> EngineHost:
        """
        Return where the engine is: ``DOCKER_HOST``, else the context in use, else the default.

        Raises:
            EngineUnavailable: The context in use does not exist.
        """
        host = self._environ.get("DOCKER_HOST")
        if host:
            return self.host_at(host)
        name = self._environ.get("DOCKER_CONTEXT") or self.content.get("currentContext")
        if not name or name == "default":
            return EngineHost(DEFAULT_HOST)
        return self._context(str(name))

    def host_at(self, url: str) -> EngineHost:
        """Return an engine or buildkitd by its URL; the environment says whether it has TLS."""
        if not url.startswith("tcp:"):
            return EngineHost(url)
        verify = bool(self._environ.get("DOCKER_TLS_VERIFY"))
        tls = verify or bool(self._environ.get("DOCKER_TLS"))
        folder = self._environ.get("DOCKER_CERT_PATH") or self.folder
        return EngineHost(url, folder if tls else None, verify)

    def _context(self, name: str) -> EngineHost:
        from hashlib import sha256  # noqa: PLC0415 - most have no contexts

        identifier = sha256(name.encode()).hexdigest()
        endpoint = (
            _json(f"{self.folder}/contexts/meta/{identifier}/meta.json")
            .get("Endpoints", {})
            .get("docker", {})
        )
        if not endpoint.get("Host"):
            raise EngineUnavailable(
                f'there is no docker context "{name}"',
                backend=BACKEND,
                hint="`docker context ls` lists them; `docker context use NAME` selects one",
            )
        folder = f"{self.folder}/contexts/tls/{identifier}/docker"
        is_tls = endpoint["Host"].startswith("tcp:") and _exists(folder)
        return EngineHost(
            endpoint["Host"], folder if is_tls else None, not endpoint.get("SkipTLSVerify")
        )

    def proxy_args(self, host: str) -> dict[str, str]:
        """Return the proxies configured for builds, as build args; both spellings of each."""
        proxies = self.content.get("proxies") or {}
        chosen = proxies.get(host) or proxies.get("default") or {}
        found: dict[str, str] = {}
        for key, name in _PROXIES.items():
            if chosen.get(key):
                found[name] = found[name.lower()] = chosen[key]
        return found


def address_of(host: EngineHost, environ: Mapping[str, str] | None = None) -> Address:
    """
    Return what to connect to.

    Args:
        host: Of the engine.
        environ: Where programs that connect are found, and what they get; this process' own when
            not given.

    Raises:
        EngineUnavailable: The URL is of a kind that can't be connected to, or its TLS files can't
            be read.
    """
    if host.url.startswith("unix://"):
        return UnixAddress(path=host.url.removeprefix("unix://"))
    from urllib.parse import urlsplit  # noqa: PLC0415 - most engines are behind a unix socket

    parts = urlsplit(host.url)
    if parts.scheme in ("tcp", "http", "https") and parts.hostname:
        tls = _tls(host) if host.tls_folder or parts.scheme == "https" else None
        port = parts.port or (_TLS_PORT if tls else _PLAIN_PORT)
        return TcpAddress(host=parts.hostname, port=port, tls=tls)
    if parts.scheme == "ssh" and parts.hostname:
        port_options = ("-p", str(parts.port)) if parts.port else ()
        user_options = ("-l", parts.username) if parts.username else ()
        path_options = ("--host", f"unix://{parts.path}") if len(parts.path) > 1 else ()
        argv = ("ssh", "-o", "ConnectTimeout=30", "-T", *user_options, *port_options, "--")
        dial = ("docker", *path_options, "system", "dial-stdio")
        return CommandAddress(argv=(*argv, parts.hostname, *dial), environ=environ)
    raise EngineUnavailable(
        f"an engine at {host.url} can't be connected to",
        backend=BACKEND,
        hint="DOCKER_HOST takes unix://, tcp:// and ssh:// addresses",
    )


def _tls(host: EngineHost) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - 20 ms, and most engines are behind a unix socket

    folder = host.tls_folder
    authority = f"{folder}/ca.pem" if folder and _exists(f"{folder}/ca.pem") else None
    try:
        context = ssl.create_default_context(cafile=authority)
        if not host.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if folder and _exists(f"{folder}/cert.pem"):
            context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    except OSError as error:
        raise EngineUnavailable(
            f"the TLS files in {folder}: {error}",
            backend=BACKEND,
            hint="DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem",
        ) from error
    return context


def _exists(path: str) -> bool:
    import os.path  # noqa: PLC0415 - the name os is used nowhere else here

    return os.path.exists(path)  # noqa: PTH110 - pathlib is not loaded on this path


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
