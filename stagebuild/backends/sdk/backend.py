"""
The SDK backend: a spec becomes a solve on the engine's own connection, its status events.

Each ``build`` opens a connection and a session and ends them; ``together`` gives a backend whose
builds share them, for the environments of one run.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sdk.dockerconfig import BACKEND, DockerConfig, address_of
from stagebuild.backends.sdk.joint import JointBuilds
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.errors import UnsupportedFeature
from stagebuild.progress.events import PlainLine
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.backends.sdk.dockerconfig import EngineHost
    from stagebuild.backends.sdk.joint import Started
    from stagebuild.backends.sdk.toldimage import LateMetadata
    from stagebuild.buildkit.endpoints import Address
    from stagebuild.model import Digest, ImageFacts
    from stagebuild.planning.spec import BuildSpec


class SdkBackend:
    """
    Builds by BuildKit's own protocol, with no program in between.

    Safe for several threads at once.

    Attributes:
        name: ``sdk``.
    """

    name = BACKEND

    def __init__(self, *, environ: Mapping[str, str], host: str | None = None) -> None:
        """
        Prepare; connects to nothing yet.

        Args:
            environ: Where the engine, Docker's configuration and secrets are found.
            host: Address of an engine or a buildkitd (``unix://``, ``tcp://``, ``ssh://``);
                Docker's own choice when not given.
        """
        self._environ = environ
        self._host = host
        self._config = DockerConfig(environ)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """
        Build ``spec`` as every backend does.

        Raises:
            UnsupportedFeature: The spec requires what the engine lacks; nothing was started.
            EngineUnavailable: There is no engine, it may not be used, or it has no BuildKit.
            SolveFailed: The build failed or was canceled.
            ProtocolError: The engine's answer can't be read.
        """
        with self.together((spec,)) as backend:
            return backend.build(spec, emit, cancel)

    @contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """
        Give a backend whose builds share one connection, and a session where they can.

        Args:
            specs: Every build that it will be asked for.

        Raises:
            UnsupportedFeature: They name a buildx builder.
        """
        engine = self._engine(specs)
        with JointBuilds(
            self.address(engine),
            config=self._config,
            environ=self._environ,
            specs=specs,
            proxies=self._config.proxy_args(engine.url),
        ) as builds:
            yield _Joint(self, builds, engine)

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """
        Look at the image that was built, in the registry if pushed, else in the image store.

        Returns:
            None when no image was made, or it is nowhere to be seen.
        """
        from stagebuild.backends.sdk.imagefacts import (  # noqa: PLC0415 - off the hot path
            facts_of_pushed,
            facts_of_stored,
        )

        named = spec.tags[0] if spec.tags else spec.repository
        pushed = spec.push or any(output.pushes for output in spec.outputs)
        if pushed and response.digest is not None and named is not None:
            return facts_of_pushed(named, response.digest, self.credentials)
        return facts_of_stored(self._engine((spec,)), response)

    def image_store(self) -> ImageStore:
        """Return the engine's image store."""
        from stagebuild.backends.sdk.store import EngineStore  # noqa: PLC0415 - off the hot path

        return EngineStore(self._engine(()))

    def credentials(self, host: str) -> tuple[str, str]:
        """
        Return user name and secret of a registry, as Docker is configured.

        Raises:
            OSError: A credential helper failed.
        """
        from stagebuild.backends.sdk.credentials import credentials  # noqa: PLC0415

        return credentials(self._config, host, self._environ)

    def address(self, engine: EngineHost) -> Address:
        """
        Return how to connect to an engine.

        Raises:
            EngineUnavailable: There is no way to it, or its TLS files can't be read.
        """
        return address_of(engine, self._environ)

    def command(self, spec: BuildSpec) -> str:
        """Return what ``build`` would ask of the engine as one line of text; starts nothing."""
        engine = self._engine((spec,))
        parts = [f"solve on {engine.url}", f"target={spec.target or '(last stage)'}"]
        parts += [f"build-arg:{name}=***" for name in spec.build_args]
        parts += [f"tag={tag}" for tag in spec.tags]
        parts += [f"secret={name}" for name in spec.secrets]
        parts.append(f"context={spec.context}")
        return " ".join(parts)

    def _engine(self, specs: Sequence[BuildSpec]) -> EngineHost:
        """Return where to build: a spec's builder may be the address of a buildkitd."""
        builders = {spec.builder for spec in specs} - {None, "default"}
        for builder in builders:
            if "://" in str(builder) and len(builders) == 1:
                return self._config.host_at(str(builder))
            raise UnsupportedFeature(
                f"the buildx builder {builder}",
                backend=BACKEND,
                remedy="use the buildx backend, or name a buildkitd's address as the builder",
            )
        return self._config.host_at(self._host) if self._host else self._config.engine_host()


class _Joint:
    """A backend on a connection that is there."""

    name = BACKEND

    def __init__(self, backend: SdkBackend, builds: JointBuilds, engine: EngineHost) -> None:
        self._builds = builds
        self._engine = engine
        self._backend = backend
        self.image_facts = backend.image_facts
        self.command = backend.command
        self.image_store = backend.image_store

    def together(self, specs: Sequence[BuildSpec]) -> nullcontext[Backend]:
        del specs
        return nullcontext(self)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        _stop_if_asked(cancel)
        try:
            started = self._builds.start(spec)
            for words in started.caches.missing:
                emit(PlainLine(text=f"WARNING: {words}"))
            told, answer = _followed(started, emit, cancel)
        except BuildKitError as error:
            from stagebuild.backends.sdk.failures import failure_of  # noqa: PLC0415 - seldom

            reason = cancel.reason if cancel.requested else None
            raise failure_of(error, cancel_reason=reason, where=self._engine.url) from error
        _stop_if_asked(cancel)
        _name_manifests(started, answer)
        facts = started.facts
        from stagebuild.backends.sdk.responses import response_of  # noqa: PLC0415 - see _followed

        response = response_of(answer, has_store=facts.has_store, versions=facts.versions)
        if told is not None:
            self._builds.answered_late(started.running)
            response = replaced(response, metadata=told)
        if not started.outputs.pushed_here:
            return response
        return self._pushed(spec, response, emit, cancel)

    def _pushed(
        self, spec: BuildSpec, response: SolveResponse, emit: Emit, cancel: Cancel
    ) -> SolveResponse:
        """Push what the engine did not, and return the response with the registry's digest."""
        from stagebuild.backends.sdk.engineapi import push  # noqa: PLC0415 - rare
        from stagebuild.model.references import Reference  # noqa: PLC0415

        digest: Digest | None = None
        address = self._backend.address(self._engine)
        for tag in spec.tags:
            auth = self._backend.credentials(Reference.parse(tag).domain)
            digest = push(address, tag, auth, emit=emit, cancel=cancel) or digest
        return replaced(response, digest=digest)


def _stop_if_asked(cancel: Cancel) -> None:
    if cancel.requested:
        raise SolveFailed(cancel.reason or "canceled", canceled=True)


def _followed(
    started: Started, emit: Emit, cancel: Cancel
) -> tuple[LateMetadata | None, Mapping[str, str]]:
    """
    Emit what a build tells until it has ended.

    Returns:
        The exporters' words; where they were told before the engine has answered, the metadata that
        will hold the answer as well.
    """
    # The engine is at work, so what only its calls and words need is imported while nothing waits
    # for it.
    import stagebuild.buildkit.filesync  # noqa: PLC0415
    import stagebuild.context.folder  # noqa: F401, PLC0415
    from stagebuild.backends.sdk.statusevents import events_of  # noqa: PLC0415
    from stagebuild.backends.sdk.toldimage import LateMetadata, ToldImage, is_all  # noqa: PLC0415

    running = started.running
    image = ToldImage()
    withdraw = cancel.on_cancel(running.cancel)
    try:
        for status in running.statuses():
            for event in events_of(status):
                image.note(event)
                emit(event)
        told = image.answer() if is_all(started.outputs, started.caches) else None
        if told is not None and not running.is_solved:
            return LateMetadata(running, told), told
        return None, running.response().exporter_response
    except BaseException:
        running.cancel()  # an observer of the events failed, or a key was pressed
        raise
    finally:
        withdraw()


def _name_manifests(started: Started, answer: Mapping[str, str]) -> None:
    """Name what came into folders here: a local cache by its tag, a layout by the image's names."""
    if not started.caches.named and not started.outputs.layouts:
        return
    import json  # noqa: PLC0415 - rare
    from binascii import a2b_base64  # noqa: PLC0415

    from stagebuild.buildkit.layout import name_digest  # noqa: PLC0415

    cache = answer.get("cache.manifest")
    if cache:
        for folder, tag in started.caches.named.items():
            name_digest(folder, json.loads(cache), tag)
    image = answer.get("containerimage.descriptor")
    if image:
        for folder in started.outputs.layouts:
            name_digest(folder, json.loads(a2b_base64(image)), "latest")
