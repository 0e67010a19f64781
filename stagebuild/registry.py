"""
Which image a reference stands for now: asked of the engine, else of the registry itself.

The engine is asked first, since it knows its mirrors. Answers are kept for a minute, so that
several plans in a row ask once. Nothing here raises: who asks wants a digest or to know that there
is none.

Source: Engine API, DistributionInspect; OCI distribution specification, "Checking if content
exists"; docs.docker.com/registry/spec/auth.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from stagebuild.backends.sdk.dockerconfig import DockerConfig
from stagebuild.buildkit.endpoints import UnixAddress, read_answer
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.errors import StagebuildError
from stagebuild.model.references import Reference
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.buildkit.endpoints import Answer

KEPT_S = 60.0
"""How long an answer is taken to be true."""

_TIMEOUT_S = 10.0
_AT_ONCE_BYTES = 1 << 16
_OK = 200
_UNAUTHORIZED = 401
_HUB = "registry-1.docker.io"
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


class ImageDigests:
    """
    Answers which digest a reference has now. Call it with a reference and a platform.

    Several threads may ask at once.

    Args:
        environ: The process environment: which engine, whose credentials, where answers are kept.
        kept_s: How long an answer is taken to be true; 0 asks anew.
    """

    def __init__(self, environ: Mapping[str, str], *, kept_s: float = KEPT_S) -> None:
        self._environ = environ
        self._kept_s = kept_s
        self._config = DockerConfig(environ)
        self._path = _kept_path(environ)
        self._kept: dict[str, list[Any]] | None = None
        self._lock = threading.Lock()

    def __call__(self, reference: str, platform: str = "") -> str | None:
        """
        Return the digest of the index or manifest, or None when nobody answers.

        Args:
            reference: With its domain, as ``docker.io/library/alpine:latest``.
            platform: Not needed: a tag has one digest for all platforms.
        """
        del platform
        key = f"{self._environ.get('DOCKER_HOST', '')} {reference}"
        with self._lock:
            kept = self._read().get(key)
        if kept is not None and 0 <= time.time() - kept[0] < self._kept_s:
            return str(kept[1])
        digest = self._asked(reference)
        if digest is not None:
            with self._lock:
                self._keep(key, digest)
        return digest

    def _asked(self, reference: str) -> str | None:
        try:
            parsed = Reference.parse(reference)
            auth = self._auth(parsed.domain)
            return self._of_engine(parsed, auth) or _of_registry(parsed, auth)
        except (OSError, ValueError, KeyError, StagebuildError, BuildKitError):
            return None

    def _auth(self, domain: str) -> tuple[str, str]:
        from stagebuild.backends.sdk.credentials import credentials  # noqa: PLC0415 - off line

        return credentials(self._config, domain, self._environ)

    def _of_engine(self, reference: Reference, auth: tuple[str, str]) -> str | None:
        headers = {}
        if any(auth):
            headers["X-Registry-Auth"] = _engine_auth(auth)
        name = f"{reference.domain}/{reference.path}:{reference.tag or 'latest'}"
        try:
            answer = self._engine(f"/v1.41/distribution/{name}/json", headers)
        except (OSError, BuildKitError):
            return None
        return None if answer is None else str(answer["Descriptor"]["digest"])

    def _engine(self, path: str, headers: dict[str, str]) -> dict[str, Any] | None:
        """Return what the engine answers, None where it does not or is not at a local socket."""
        host = self._config.engine_host().url
        if not host.startswith("unix://"):
            return None
        answer = _answer(UnixAddress(path=host.removeprefix("unix://")), path, headers)
        found = json.loads(answer.body) if answer.status == _OK else None
        return found if isinstance(found, dict) else None

    def stored(self, reference: str) -> str | None:
        """
        Return the ID of an image in the engine's store, or None when it is not there.

        Args:
            reference: A tag, a digest or an ID.
        """
        from urllib.parse import quote  # noqa: PLC0415 - only when somebody is asked

        try:
            answer = self._engine(f"/v1.41/images/{quote(reference, safe=':/@')}/json", {})
        except (OSError, ValueError, StagebuildError, BuildKitError):
            return None
        return None if answer is None else str(answer.get("Id") or "") or None

    def _read(self) -> dict[str, list[Any]]:
        if self._kept is None:
            self._kept = {}
            try:
                with open(self._path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded here
                    found = json.load(file)
            except (OSError, ValueError):
                return self._kept
            now_s = time.time()
            if isinstance(found, dict):
                self._kept = {k: v for k, v in found.items() if now_s - v[0] < KEPT_S}
        return self._kept

    def _keep(self, key: str, digest: str) -> None:
        kept = self._read()
        kept[key] = [time.time(), digest]
        temporary = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - as above
            with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
                json.dump(kept, file)
            os.replace(temporary, self._path)  # noqa: PTH105 - as above
        except OSError:
            return


def _kept_path(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - as above
    folder = environ.get("XDG_CACHE_HOME") or f"{home}/.cache"
    return f"{folder}/stagebuild/digests.json"


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


def _engine_auth(auth: tuple[str, str]) -> str:
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - a private registry

    user, secret = auth
    fields = {"username": user, "password": secret} if user else {"identitytoken": secret}
    return urlsafe_b64encode(json.dumps(fields).encode()).decode()


def _of_registry(reference: Reference, auth: tuple[str, str]) -> str | None:
    """Return what a registry answers to a HEAD; a loopback one is spoken to without TLS."""
    host = _HUB if reference.domain == "docker.io" else reference.domain
    is_local = host.partition(":")[0] in ("localhost", "127.0.0.1")
    url = f"{'http' if is_local else 'https'}://{host}/v2/{reference.path}/manifests/"
    url += reference.tag or "latest"
    status, headers = _head(url, None)
    if status == _UNAUTHORIZED:
        header = _answered(headers.get("www-authenticate", ""), auth)
        status, headers = _head(url, header)
    return headers.get("docker-content-digest") if status == _OK else None


def _head(url: str, authorization: str | None) -> tuple[int, Mapping[str, str]]:
    from urllib.error import HTTPError  # noqa: PLC0415 - only where the engine has no answer
    from urllib.request import Request, urlopen  # noqa: PLC0415 - the same

    headers = {"Accept": _MANIFESTS}
    if authorization is not None:
        headers["Authorization"] = authorization
    request = Request(url, headers=headers, method="HEAD")  # noqa: S310 - the scheme is ours
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}


def _answered(challenge: str, auth: tuple[str, str]) -> str:
    """Return the header that a challenge asks for."""
    import re  # noqa: PLC0415 - as above
    from base64 import b64encode  # noqa: PLC0415
    from urllib.parse import urlencode  # noqa: PLC0415
    from urllib.request import Request, urlopen  # noqa: PLC0415

    basic = "Basic " + b64encode(":".join(auth).encode()).decode()
    if not challenge.lower().startswith("bearer"):
        return basic
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = parameters.pop("realm")
    if not realm.startswith(("https://", "http://")):
        raise ValueError(f"a token server at {realm}")
    headers = {"Authorization": basic} if auth[0] else {}
    request = Request(f"{realm}?{urlencode(parameters)}", headers=headers)  # noqa: S310 - checked
    with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked
        token = json.loads(answer.read())
    return f"Bearer {token.get('token') or token['access_token']}"
