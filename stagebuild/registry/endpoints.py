"""Where registries answer, as the engine is configured: insecure ones, and Docker Hub's mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.buildkit.errors import BuildKitError
from stagebuild.distribution import Endpoint, endpoint_of
from stagebuild.errors import StagebuildError
from stagebuild.registry.engine import ask_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.backends.sdk.dockerconfig import DockerConfig

_HUB = "docker.io"


class Endpoints:
    """
    Tells where registries answer. The engine is asked once, when the first is wanted.

    Args:
        config: Which engine.
    """

    def __init__(self, config: DockerConfig) -> None:
        self._config = config
        self._said: dict[str, Any] | None = None

    def own(self, domain: str) -> Endpoint:
        """Return where a registry itself answers: without TLS if the engine takes it so."""
        index = (self._registries().get("IndexConfigs") or {}).get(domain) or {}
        if index.get("Secure") is False and domain != _HUB:
            return Endpoint(f"http://{domain}")
        return endpoint_of(domain)

    def mirrors(self, domain: str) -> Sequence[Endpoint]:
        """Return where the images of a registry are found, too, in the engine's order."""
        urls = self._registries().get("Mirrors") or () if domain == _HUB else ()
        return [Endpoint(url.rstrip("/")) for url in urls]

    def _registries(self) -> dict[str, Any]:
        """Return what the engine says of registries; nothing where there is no engine to ask."""
        if self._said is None:
            try:
                said = ask_engine(self._config, "/v1.41/info") or {}
            except (OSError, ValueError, StagebuildError, BuildKitError):
                said = {}
            self._said = said.get("RegistryConfig") or {}
        return self._said
