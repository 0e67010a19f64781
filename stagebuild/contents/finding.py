"""An image by its name: in the engine's store, else in its registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.backends.sdk.credentials import credentials
from stagebuild.backends.sdk.dockerconfig import DockerConfig
from stagebuild.backends.sdk.store import EngineStore
from stagebuild.contents.archives import contents_of_archive
from stagebuild.contents.manifests import contents_of
from stagebuild.contents.remote import RegistryBlobs
from stagebuild.distribution import Repository
from stagebuild.errors import ImageUnreadable, StagebuildError
from stagebuild.model.references import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.contents.image import ImageContent
    from stagebuild.dockerfile import StageGraph

_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")


class Images:
    """
    Reads images, wherever they are.

    Args:
        environ: The process environment: which engine, whose credentials.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._config = DockerConfig(environ)

    def content(
        self,
        name: str,
        *,
        platform: str | None = None,
        stages: StageGraph | None = None,
        target: str | None = None,
    ) -> ImageContent:
        """
        Return what is in an image.

        Args:
            name: A reference, a digest or an ID.
            platform: Which of several, as ``linux/arm64``; the first one when not given.
            stages: The Dockerfile's stages, to say which step made a layer, or None.
            target: The stage that was built.

        Raises:
            ImageUnreadable: Neither the engine nor the registry has it, or it can't be read.
        """
        try:
            found = self._stored(name, stages, target)
        except StagebuildError as error:
            found = self._pushed(name, stages, target, of_engine=error.message)
        chosen = [each for each in found if platform in (None, each.platform)]
        if not chosen:
            there = ", ".join(each.platform for each in found) or "none"
            raise ImageUnreadable(f"it is not for {platform}; it is for: {there}", image=name)
        return chosen[0]

    def _stored(
        self, name: str, stages: StageGraph | None, target: str | None
    ) -> tuple[ImageContent, ...]:
        store = EngineStore(self._config.engine_host())
        with store.save(name) as pieces:
            return contents_of_archive(pieces, stages=stages, target=target)

    def _pushed(
        self, name: str, stages: StageGraph | None, target: str | None, *, of_engine: str
    ) -> tuple[ImageContent, ...]:
        if _ID.fullmatch(name):
            raise ImageUnreadable(
                f"the engine has no such image: {of_engine}",
                image=name,
                hint="an image in a registry is named with its repository: REPOSITORY@sha256:…",
            )
        try:
            reference = Reference.parse(name)
            auth = credentials(self._config, reference.domain, self._environ)
        except (ValueError, OSError) as error:
            raise ImageUnreadable(str(error), image=name) from error
        repository = Repository(reference.domain, reference.path, credentials=lambda _: auth)
        which = str(reference.digest or reference.tag or "latest")
        try:
            return contents_of(RegistryBlobs(repository), which, stages=stages, target=target)
        except ImageUnreadable as error:
            raise ImageUnreadable(
                f"the engine has no such image ({of_engine}), and {error.message}",
                image=name,
                hint="build it with --load or --push first, and check its name",
            ) from error
