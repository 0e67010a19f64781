"""
The buildx backend: a spec becomes a child process, its stderr events, its file the response.

What only a failure, a rare feature or a later look needs is imported when it is needed: a build in
which nothing changed takes 0.2 s, and every module loaded before it is a part of that.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from stagebuild.backends.base import Feature, SolveFailed, check_held
from stagebuild.backends.buildx import process
from stagebuild.backends.buildx.argv import (
    BACKEND,
    POLICY_NAME,
    Invocation,
    invocation,
    loads_besides,
)
from stagebuild.backends.buildx.discovery import buildx_command
from stagebuild.backends.buildx.factscache import FactsCache, cache_path, program_identity
from stagebuild.backends.buildx.metadata import read_response
from stagebuild.backends.buildx.privatefolder import private_folder
from stagebuild.backends.ignorepatterns import check_patterns
from stagebuild.backends.requirements import required_features, stores_images
from stagebuild.errors import BackendError, ProtocolError, UnsupportedFeature
from stagebuild.progress.events import PlainLine
from stagebuild.progress.rawjson import EventDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.backends.buildx.linting import LintWarning
    from stagebuild.backends.buildx.looks import BuilderFacts
    from stagebuild.model import ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

# Spares a look at the build's record that only fills ``buildx.build.provenance``: 10 ms a build.
_PROVENANCE_VARIABLE = "BUILDX_METADATA_PROVENANCE"
_METADATA_NAME = "metadata.json"

# docker's own complaint comes first, before a page of usage; buildx' error comes last.
_FIRST_LINES = 4
_LAST_LINES = 64


class BuildxBackend:
    """
    Builds with ``docker buildx build``.

    Safe for several threads at once. A build is one child process; the first one after buildx was
    installed or replaced asks for its version besides.

    Attributes:
        name: ``buildx``.
    """

    name = BACKEND

    def __init__(self, docker: str = "docker", *, environ: Mapping[str, str]) -> None:
        """
        Prepare; looks for nothing yet.

        Args:
            docker: The docker command, a name or a path.
            environ: Where docker, its configuration, the engine and secrets are found. It is the
                child's environment, with the build args besides.
        """
        self._docker = docker
        self._environ = {_PROVENANCE_VARIABLE: "disabled", **environ}
        self._cache = FactsCache(cache_path(environ))

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """
        Build ``spec`` as every backend does.

        Raises:
            UnsupportedFeature: The spec requires what the builder lacks; nothing was started.
            EngineUnavailable: There is no engine, builder or buildx, or it is too old.
            SolveFailed: The build failed or was canceled.
            ProtocolError: buildx succeeded without a readable answer.
            ContextError: A ``.dockerignore`` has a pattern that the engine can't read.
        """
        command = self._buildx()
        self._make_builder(spec, command)
        self._check_features(spec, command)
        self._check_secrets(spec)
        check_patterns(spec)
        if cancel.requested:
            raise SolveFailed(cancel.reason or "canceled", canceled=True)
        with _temporary_folder() as folder, self._learning_version(command) as versions:
            metadata_file = f"{folder}/{_METADATA_NAME}"
            started = invocation(
                spec,
                command=command,
                metadata_file=metadata_file,
                environ=self._environ,
                stores_images=self._stores_images(spec, command),
                policy_file=_write_policy(spec, folder, self._environ),
            )
            watched = _Watched(emit)
            ended = self._run(spec, started, watched, cancel)
            if ended.code != 0:
                raise self._failure(spec, ended, watched.plain_lines(), cancel)
            return read_response(_read(metadata_file), backend=BACKEND, versions=versions)

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """
        Look at the image that was built, in the registry if pushed, else in the image store.

        Returns:
            None when no image was made, or it is nowhere to be seen.
        """
        from stagebuild.backends.buildx.images import asking, facts_of_built  # noqa: PLC0415

        return facts_of_built(
            spec,
            response,
            docker=self._docker,
            command=self._buildx(),
            ask=asking(self._environ),
        )

    def image_store(self) -> ImageStore:
        """Return the store of the engine that the docker command talks to."""
        from stagebuild.backends.buildx.store import DockerStore  # noqa: PLC0415

        return DockerStore(self._docker, self._environ)

    def together(self, specs: Sequence[BuildSpec]) -> contextlib.nullcontext[Backend]:
        """Give this same backend: builds of one run share nothing but the engine's cache."""
        del specs
        return contextlib.nullcontext(self)

    def command(self, spec: BuildSpec) -> str:
        """
        Return the line that starts the build in a shell, secrets blotted out; starts nothing.

        Raises:
            UnsupportedFeature: Something can't be said to buildx.
        """
        from stagebuild.backends.buildx.rendering import render  # noqa: PLC0415

        return render(
            invocation(
                spec,
                command=self._buildx(),
                metadata_file=_METADATA_NAME,
                environ=self._environ,
                policy_file=POLICY_NAME if spec.locked else None,
            )
        )

    def lint(self, spec: BuildSpec) -> tuple[LintWarning, ...]:
        """
        Return what BuildKit's own checks say of the stages that a build needs; builds nothing.

        Raises:
            BackendError: There is no buildx or engine, or they can't do this.
        """
        from stagebuild.backends.buildx.linting import lint  # noqa: PLC0415

        return lint(spec, command=self._buildx(), environ=self._environ)

    def builder_facts(self, builder: str | None = None) -> BuilderFacts | None:
        """Ask buildx what a builder is, the selected one by default; None when it won't say."""
        from stagebuild.backends.buildx.looks import look_at_builder  # noqa: PLC0415

        return look_at_builder(self._buildx(), builder, self._environ)

    def buildx_version(self) -> str | None:
        """Ask buildx for its version, as ``0.29.1``; None when there is none."""
        from stagebuild.backends.buildx.looks import VersionLook  # noqa: PLC0415

        with VersionLook(self._buildx(), self._environ) as look:
            return look.answer()

    def _make_builder(self, spec: BuildSpec, command: Sequence[str]) -> None:
        """Make the builder that the project defines, where it is missing."""
        if spec.builder is None or spec.builder_definition is None:
            return
        from stagebuild.backends.buildx.builders import ensure_builder  # noqa: PLC0415 - rare

        ensure_builder(
            spec.builder, spec.builder_definition, command=command, environ=self._environ
        )

    def _buildx(self) -> tuple[str, ...]:
        return buildx_command(self._docker, self._environ)

    def _check_features(self, spec: BuildSpec, command: Sequence[str]) -> None:
        """
        Raise UnsupportedFeature for what the builder's engine is known to lack.

        Asks buildx only when the spec requires something that not every engine has, and then once
        for as long as the engine runs. Where it is not told, the build decides.
        """
        required = required_features(spec)
        if not required:
            return
        from stagebuild.backends.buildx.versions import (  # noqa: PLC0415
            NEEDS_CONTAINERD_STORE,
            REPRODUCIBLE_REMEDY,
            remedy,
        )

        if Feature.LOCKED_BASES in required:
            facts = self._known_builder(spec.builder, command)
            if facts is not None and not facts.obeys_policies:
                raise UnsupportedFeature(
                    Feature.LOCKED_BASES, backend=BACKEND, remedy=remedy(Feature.LOCKED_BASES)
                )
        gated = required & NEEDS_CONTAINERD_STORE
        if gated and self._lacks_containerd_store(spec.builder, command):
            feature: Feature = min(gated)
            raise UnsupportedFeature(feature, backend=BACKEND, remedy=remedy(feature))
        if Feature.REPRODUCIBLE in required and stores_images(spec):
            facts = self._known_builder(spec.builder, command)
            if facts is not None and facts.driver == "docker":
                raise UnsupportedFeature(
                    Feature.REPRODUCIBLE, backend=BACKEND, remedy=REPRODUCIBLE_REMEDY
                )

    def _lacks_containerd_store(self, builder: str | None, command: Sequence[str]) -> bool:
        facts = self._known_builder(builder, command)
        return facts is not None and facts.driver == "docker" and not facts.containerd_store

    def _stores_images(self, spec: BuildSpec, command: Sequence[str]) -> bool:
        """Whether the builder keeps images in the engine's store; asked only where it matters."""
        if not loads_besides(spec):
            return False
        facts = self._known_builder(spec.builder, command)
        return facts is not None and facts.driver == "docker"

    def _known_builder(self, builder: str | None, command: Sequence[str]) -> BuilderFacts | None:
        from stagebuild.backends.buildx import looks  # noqa: PLC0415

        return looks.known_builder(command, builder, self._environ, self._cache)

    def _check_secrets(self, spec: BuildSpec) -> None:
        """Raise SolveFailed for a secret that is not there: buildx would send an empty one."""
        for name, secret in spec.secrets.items():
            if secret.env is not None and secret.env not in self._environ:
                raise SolveFailed(f'secret "{name}": there is no environment variable {secret.env}')
            if secret.command is not None:
                check_held(name, spec.held_secrets)
                if "\0" in spec.held_secrets[name]:
                    raise SolveFailed(
                        f'secret "{name}": its command printed a NUL byte, which no environment'
                        " variable can hold; the sdk backend takes it"
                    )

    @contextlib.contextmanager
    def _learning_version(self, command: Sequence[str]) -> Iterator[dict[str, str]]:
        """Give the versions by program; ask beside the build where they are not kept."""
        identity = program_identity(command, self._environ)
        kept = None if identity is None else self._cache.get(identity)
        if identity is None or isinstance(kept, str):
            yield {BACKEND: kept} if isinstance(kept, str) else {}
            return
        from stagebuild.backends.buildx.looks import VersionLook  # noqa: PLC0415

        versions: dict[str, str] = {}
        with VersionLook(command, self._environ) as look:
            try:
                yield versions
            finally:
                version = look.answer()
                if version is not None:
                    versions[BACKEND] = version
                    self._cache.put(identity, version)

    def _run(
        self, spec: BuildSpec, started: Invocation, watched: _Watched, cancel: Cancel
    ) -> process.Exit:
        try:
            ended = process.run(
                started.argv,
                environ={**self._environ, **started.added},
                folder=spec.root,
                receive=watched.receive,
                cancel=cancel,
            )
        except process.NotStarted as error:
            from stagebuild.backends.buildx.diagnosis import not_started  # noqa: PLC0415

            raise not_started(error, started.argv[0]) from error
        watched.close()
        return ended

    def _failure(
        self, spec: BuildSpec, ended: process.Exit, lines: Iterable[str], cancel: Cancel
    ) -> SolveFailed | BackendError:
        from stagebuild.backends.buildx.diagnosis import failure_of  # noqa: PLC0415
        from stagebuild.secrecy import redacted, secret_values  # noqa: PLC0415

        secrets = secret_values(spec, self._environ)
        return failure_of(
            ended,
            [redacted(line, secrets) for line in lines],
            cancel_reason=cancel.reason,
            version=self.buildx_version,
        )


class _Watched:
    """What a child writes, on its way to the caller; keeps the first and last plain lines."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._decoder = EventDecoder()
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def plain_lines(self) -> list[str]:
        """Return the kept lines in order."""
        return [*self._first, *self._last]

    def receive(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._pass_on(self._decoder.feed(chunk))

    def close(self) -> None:
        """Take the end."""
        self._pass_on(self._decoder.close())

    def _pass_on(self, events: Iterable[Event]) -> None:
        emit = self._emit
        for event in events:
            if isinstance(event, PlainLine):
                kept = self._first if len(self._first) < _FIRST_LINES else self._last
                kept.append(event.text)
            emit(event)


@contextlib.contextmanager
def _temporary_folder() -> Iterator[str]:
    """
    Give a folder for the build alone.

    Raises:
        SolveFailed: It can't be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(private_folder())
        except OSError as error:
            raise SolveFailed(
                f"a temporary folder can't be made: {error.strerror}: {error.filename}"
            ) from error
        yield folder


def _write_policy(spec: BuildSpec, folder: str, environ: Mapping[str, str]) -> str | None:
    """Write what holds base images to their digests, and return the file; None without a lock."""
    if not spec.locked:
        return None
    from stagebuild.backends.buildx.policyfile import write_policy  # noqa: PLC0415 - see above

    return write_policy(spec.locked, folder, environ)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
            return file.read()
    except OSError as error:
        raise ProtocolError(
            f"buildx ended well, but left no metadata file: {error.strerror}", backend=BACKEND
        ) from error
