"""
Which image a reference stands for now: asked of the engine, else of the registry itself.

The engine is asked first, since it knows its mirrors. Answers are kept for a minute, so that
several plans in a row ask once. Nothing here raises: who asks wants a digest or to know that there
is none.

Source: Engine API, DistributionInspect.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from stagebuild.backends.sdk.dockerconfig import DockerConfig
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.errors import StagebuildError
from stagebuild.model.references import Reference
from stagebuild.registry.engine import ask_engine, registry_auth

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT_S = 60.0
"""How long an answer is taken to be true."""


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
            headers["X-Registry-Auth"] = registry_auth(auth)
        name = f"{reference.domain}/{reference.path}:{reference.tag or 'latest'}"
        try:
            answer = ask_engine(self._config, f"/v1.41/distribution/{name}/json", headers)
        except (OSError, BuildKitError):
            return None
        return None if answer is None else str(answer["Descriptor"]["digest"])

    def stored(self, reference: str) -> str | None:
        """
        Return the ID of an image in the engine's store, or None when it is not there.

        Args:
            reference: A tag, a digest or an ID.
        """
        from urllib.parse import quote  # noqa: PLC0415 - only when somebody is asked

        try:
            answer = ask_engine(self._config, f"/v1.41/images/{quote(reference, safe=':/@')}/json")
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


def _of_registry(reference: Reference, auth: tuple[str, str]) -> str | None:
    from stagebuild.distribution import Repository  # noqa: PLC0415 - where the engine is silent

    repository = Repository(reference.domain, reference.path, credentials=lambda _: auth)
    return repository.digest(reference.tag or "latest")
