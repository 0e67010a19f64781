"""
Looking at an image in a registry, without any program: its manifest and configuration.

Off the hot path. Source: OCI distribution specification, pull; docs.docker.com/registry/spec/auth.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from stagebuild.backends.imagedocuments import history_of, platform_manifests, platform_name
from stagebuild.model.images import ImageFacts
from stagebuild.model.references import Reference

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from stagebuild.model.values import Digest

_TIMEOUT_S = 30
_UNAUTHORIZED = 401
_HUB = "registry-1.docker.io"
_MANIFESTS = ", ".join(  # noqa: FLY002 - one type a line
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_LOOPBACK = re.compile(r"(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?")


class Repository:
    """
    A repository of a registry; loopback ones are spoken to without TLS, as engines do.

    Args:
        name: As ``registry.example/shop``.
        auth: User name and secret, empty for nobody.
    """

    def __init__(self, name: str, auth: tuple[str, str]) -> None:
        reference = Reference.parse(name)
        host = _HUB if reference.domain == "docker.io" else reference.domain
        scheme = "http" if _LOOPBACK.fullmatch(host) else "https"
        self._base = f"{scheme}://{host}/v2/{reference.path}"
        self._auth = auth
        self._header: str | None = None

    def facts(self, digest: Digest) -> ImageFacts | None:
        """Return what an image says of itself; None when it can't be had."""
        try:
            return self._facts(digest)
        except (URLError, OSError, ValueError, KeyError):
            return None

    def _facts(self, digest: Digest) -> ImageFacts:
        top = self.document(f"manifests/{digest}")
        by_platform = dict(platform_manifests(top))
        first = next(iter(by_platform.values()), None)
        manifest = top if first is None else self.document(f"manifests/{first}")
        config = self.document(f"blobs/{manifest['config']['digest']}")
        if not by_platform:
            by_platform = {platform_name(config): digest}
        return ImageFacts(
            history=tuple(history_of(config, manifest.get("layers") or ())),
            compressed=True,
            platform_digests=by_platform,
        )

    def document(self, path: str) -> dict[str, Any]:
        """
        Return a manifest or another JSON document: ``manifests/latest``, ``blobs/sha256:…``.

        Raises:
            OSError: The registry does not give it.
            ValueError: It is no JSON object.
        """
        with self.open(path) as answer:
            found = json.loads(answer.read())
        if not isinstance(found, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 - it is the content that is wrong
        return found

    def open(self, path: str) -> HTTPResponse:
        """
        Return what the registry answers, to be read and closed.

        Raises:
            OSError: The registry does not give it.
        """
        url = f"{self._base}/{path}"
        try:
            return _opened(url, self._header)
        except HTTPError as error:
            if error.code != _UNAUTHORIZED or self._header is not None:
                raise
            self._header = self._answered(error.headers.get("WWW-Authenticate", ""))
            return _opened(url, self._header)

    def _answered(self, challenge: str) -> str:
        """Return the header that a challenge asks for."""
        if not challenge.lower().startswith("bearer"):
            return self._basic()
        parameters = dict(_PARAMETER.findall(challenge))
        realm = parameters.pop("realm")
        header = self._basic() if self._auth[0] else None
        with _opened(f"{realm}?{urlencode(parameters)}", header) as answer:
            token = json.loads(answer.read())
        return f"Bearer {token.get('token') or token['access_token']}"

    def _basic(self) -> str:
        from base64 import b64encode  # noqa: PLC0415 - a private registry

        return "Basic " + b64encode(":".join(self._auth).encode()).decode()


def _opened(url: str, header: str | None) -> HTTPResponse:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"a registry at {url}")
    request = Request(url, headers={"Accept": _MANIFESTS})  # noqa: S310 - see above
    if header is not None:
        # Not sent on to the store that a registry refers to for its blobs.
        request.add_unredirected_header("Authorization", header)
    answer: HTTPResponse = urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 - as above
    return answer
