"""
Base images as they are now, for a lock: digest, and manifest digest by platform.

The registry is asked itself, since no engine tells the digests of an index's platforms. Where the
engine has mirrors for Docker Hub, these are asked first, as it does.

Source: moby registry/service_v2.go (lookupV2Endpoints).
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.sdk.credentials import credentials
from stagebuild.backends.sdk.dockerconfig import DockerConfig
from stagebuild.distribution import Repository, platform_manifests
from stagebuild.distribution.errors import RegistryError
from stagebuild.locks import Lock, LockedImage
from stagebuild.model import Platform
from stagebuild.model.references import Reference
from stagebuild.registry.endpoints import Endpoints
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from stagebuild.distribution import Endpoint, Manifest
    from stagebuild.model import Digest

_AT_ONCE = 8


class _Place(NamedTuple):
    """An address that is asked, and whether it is the registry's own."""

    address: Endpoint
    is_own: bool


class BaseImages:
    """
    Looks at base images. Call it with a reference in its complete form.

    Args:
        environ: The process environment: which engine, whose credentials.
        now_s: The time, in seconds since the epoch.
    """

    def __init__(self, environ: Mapping[str, str], *, now_s: float | None = None) -> None:
        self._environ = environ
        self._config = DockerConfig(environ)
        moment = time.gmtime(time.time() if now_s is None else now_s)
        self._resolved = time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
        self._endpoints = Endpoints(self._config)

    def __call__(self, name: str) -> LockedImage:
        """
        Return the image as it is now.

        Raises:
            RegistryError: It is not there, or nobody who has it can be reached.
        """
        reference = Reference.parse(name)
        first: RegistryError | None = None
        for endpoint in self._places(reference.domain):
            repository = Repository(
                reference.domain,
                reference.path,
                credentials=self._credentials if endpoint.is_own else _nobody,
                endpoint=endpoint.address,
            )
            try:
                manifest = repository.manifest(reference.tag or "latest")
                if manifest is not None:
                    return LockedImage(
                        name=name,
                        digest=manifest.digest,
                        platforms=_platforms(repository, manifest),
                        resolved=self._resolved,
                    )
            except RegistryError as error:
                first = error if endpoint.is_own or first is None else first
        raise first or RegistryError(
            "there is no such image in the registry",
            reference=name,
            status=404,
            hint="an image that only the engine's store has can't be locked: push it",
        )

    def _places(self, domain: str) -> list[_Place]:
        """Return where an image may be, in the order in which an engine asks."""
        mirrors = [_Place(mirror, is_own=False) for mirror in self._endpoints.mirrors(domain)]
        return [*mirrors, _Place(self._endpoints.own(domain), is_own=True)]

    def _credentials(self, domain: str) -> tuple[str, str]:
        return credentials(self._config, domain, self._environ)


def _nobody(domain: str) -> tuple[str, str]:
    del domain
    return "", ""


def _platforms(repository: Repository, manifest: Manifest) -> dict[str, Digest]:
    """Return manifest digest by platform; a single manifest's platform is in its configuration."""
    document = manifest.document
    found = platform_manifests(document)
    if found or "config" not in document:
        return found
    with repository.blob(document["config"]["digest"]) as body:
        config = json.load(body)
    parts = (config.get("os"), config.get("architecture"), config.get("variant"))
    name = "/".join(part for part in parts if part)
    return {str(Platform.parse(name)): manifest.digest}


def locked(
    names: Iterable[str],
    *,
    before: Lock,
    look: Callable[[str], LockedImage],
    moving: Collection[str] = (),
) -> Lock:
    """
    Return the lock for these images: what is in it already stays as it was.

    Args:
        names: In their complete form.
        before: The lock as it is.
        look: Returns an image as it is now; called for several at once.
        moving: Images that are looked at anew although they are in the lock.

    Raises:
        RegistryError: An image can't be looked at; the first one by name.
    """
    wanted = sorted(set(names))
    asked = [name for name in wanted if name in moving or name not in before.images]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(asked, pool.map(look, asked), strict=True))
    images = {}
    for name in wanted:
        old, new = before.images.get(name), found.get(name)
        # What has not moved keeps its line, so that the file does not change for nothing.
        images[name] = old if old and (new is None or new.digest == old.digest) else found[name]
    return replaced(before, images=images)
