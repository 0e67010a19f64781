"""
A backend around another one, that lets no secret out: not in logs, names, errors or warnings.

A step may print what was mounted for it. Its output reaches the display, logs, results and reports
through the events, so they are cleaned here, once, for every one of them. A secret may be cut in
two by the chunks of a log; the bytes that may be its beginning wait for the next chunk.

A value that a step has changed first (encoded, reversed, cut) can't be known, and is not masked.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.progress.events import (
    AttemptFailed,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.secrecy import (
    BLOT,
    maskable,
    published_args,
    redacted,
    secret_values,
    with_least_provenance,
)
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.model import ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event


class MaskingBackend:
    """
    Builds with another backend; what comes from it is cleaned of the build's secrets.

    Attributes:
        name: The other backend's.
    """

    def __init__(self, backend: Backend, *, environ: Mapping[str, str]) -> None:
        """
        Prepare.

        Args:
            backend: What builds.
            environ: The process environment, where secrets come from.
        """
        self.name = backend.name
        self._backend = backend
        self._environ = environ

    @contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """Give a backend for the builds of one run."""
        with self._backend.together(specs) as backend:
            yield MaskingBackend(backend, environ=self._environ)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """Build ``spec`` as every backend does."""
        if published_args(spec):
            spec = with_least_provenance(spec)
        secrets = maskable(secret_values(spec, self._environ))
        if not secrets:
            return self._backend.build(spec, emit, cancel)
        mask = EventMask(secrets)

        def emit_masked(event: Event) -> None:
            for clean in mask.feed(event):
                emit(clean)

        try:
            return self._backend.build(spec, emit_masked, cancel)
        except SolveFailed as failed:
            failed.message = redacted(failed.message, secrets)
            failed.args = (failed.message,)
            raise
        finally:
            for clean in mask.close():
                emit(clean)

    def image_store(self) -> ImageStore:
        """Return the store that images are loaded into."""
        return self._backend.image_store()

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """Look at the image that was built; its history tells the values of build args."""
        facts = self._backend.image_facts(spec, response)
        secrets = maskable(secret_values(spec, self._environ))
        if facts is None or not secrets:
            return facts
        history = tuple(
            replaced(entry, created_by=redacted(entry.created_by, secrets))
            for entry in facts.history
        )
        return replaced(facts, history=history)

    def command(self, spec: BuildSpec) -> str:
        """Return what ``build`` would do as one line of text."""
        return self._backend.command(spec)


class EventMask:
    """Takes secrets out of events, in order; holds back what may be a part of one."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """
        Prepare.

        Args:
            secrets: Not empty, and none of them is.
        """
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._encoded = [secret.encode() for secret in self._secrets]
        self._held: dict[tuple[str, int], LogChunk] = {}

    def feed(self, event: Event) -> Iterator[Event]:
        """Yield what may be shown of what came before and of ``event``."""
        match event:
            case LogChunk():
                yield from self._log(event)
            case VertexUpdate():
                if event.completed_s is not None:
                    yield from self._release(event.digest)
                yield replaced(event, name=self._text(event.name), error=self._text(event.error))
            case WarningRaised():
                yield replaced(
                    event,
                    short=self._text(event.short),
                    detail=tuple(self._text(line) for line in event.detail),
                )
            case PlainLine():
                yield PlainLine(text=self._text(event.text))
            case StatusUpdate():
                yield replaced(event, id=self._text(event.id))
            case AttemptFailed():
                yield from self.close()
                yield replaced(event, error=self._text(event.error))

    def close(self) -> Iterator[Event]:
        """Yield what is still held back: the build has ended, so it is no part of a secret."""
        yield from self._held.values()
        self._held.clear()

    def _text(self, text: str) -> str:
        return redacted(text, self._secrets)

    def _log(self, chunk: LogChunk) -> Iterator[Event]:
        key = (chunk.vertex, chunk.stream)
        before = self._held.pop(key, None)
        data = chunk.data if before is None else before.data + chunk.data
        for secret in self._encoded:
            data = data.replace(secret, BLOT.encode())
        kept = self._beginning(data)
        if kept:
            self._held[key] = replaced(chunk, data=data[-kept:])
            data = data[:-kept]
        if data:
            yield replaced(chunk, data=data)

    def _beginning(self, data: bytes) -> int:
        """Return how many of the last bytes may be the beginning of a secret."""
        return max(
            (
                length
                for secret in self._encoded
                for length in range(min(len(secret) - 1, len(data)), 0, -1)
                if data.endswith(secret[:length])
            ),
            default=0,
        )

    def _release(self, vertex: str) -> Iterator[Event]:
        for key in [key for key in self._held if key[0] == vertex]:
            yield self._held.pop(key)
