"""The repositories of a promotion, with the credentials that Docker has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.backends.sdk.credentials import credentials
from stagebuild.backends.sdk.dockerconfig import DockerConfig
from stagebuild.distribution import Repository
from stagebuild.registry.endpoints import Endpoints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model.references import Reference


class Repositories:
    """
    Gives repositories.

    Args:
        environ: The process environment: which engine, and whose Docker configuration.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._config = DockerConfig(environ)
        self._endpoints = Endpoints(self._config)

    def of(
        self, reference: Reference, *, pushes: bool = False, source: Reference | None = None
    ) -> Repository:
        """
        Return the repository of a reference.

        Args:
            reference: Its tag does not matter.
            pushes: Whether something is to be written there.
            source: Where blobs may be taken from.
        """
        reads = [] if source is None or source.path == reference.path else [source.path]
        return Repository(
            reference.domain,
            reference.path,
            credentials=self._credentials,
            pushes=pushes,
            reads=reads,
            endpoint=self._endpoints.own(reference.domain),
        )

    def _credentials(self, domain: str) -> tuple[str, str]:
        return credentials(self._config, domain, self._environ)
