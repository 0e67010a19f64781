"""
A backend around another one, that keeps caches from doing harm.

An export may fail without failing the build (``ignore-error``, BuildKit 0.11 and later; older ones
pass over it); a local folder that can't be written is left out; and after a build, what nothing in
a local cache refers to any more goes, since BuildKit only ever adds to one.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stagebuild.progress.events import WarningRaised
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.model import CacheEntry, ImageFacts
    from stagebuild.planning.spec import BuildSpec

_IGNORE = {"ignore-error": "true"}


class CacheCaringBackend:
    """
    Builds with another backend; its caches can't fail a build, and local ones don't grow for ever.

    Attributes:
        name: The other backend's.
    """

    def __init__(self, backend: Backend) -> None:
        """
        Prepare.

        Args:
            backend: What builds.
        """
        self.name = backend.name
        self._backend = backend

    @contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """Give a backend for the builds of one run."""
        with self._backend.together(specs) as backend:
            yield CacheCaringBackend(backend)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """Build ``spec`` as every backend does."""
        if not spec.cache_to:
            return self._backend.build(spec, emit, cancel)
        unusable = list(_unusable(spec))
        for entry, why in unusable:
            emit(
                WarningRaised(
                    vertex="", short=f"no cache is exported to {entry.attributes['dest']}: {why}"
                )
            )
        left_out = [entry for entry, _ in unusable]
        careful = _careful(spec, left_out)
        response = self._backend.build(careful, emit, cancel)
        for entry in careful.cache_to:
            if entry.type == "local":
                from stagebuild.backends.localcaches import rotate  # noqa: PLC0415 - rare

                rotate(_folder(spec, entry))
        return response

    def image_store(self) -> ImageStore:
        """Return the store that images are loaded into."""
        return self._backend.image_store()

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """Look at the image that was built."""
        return self._backend.image_facts(spec, response)

    def command(self, spec: BuildSpec) -> str:
        """Return what ``build`` would do as one line of text."""
        return self._backend.command(_careful(spec, []))


def _careful(spec: BuildSpec, left_out: list[CacheEntry]) -> BuildSpec:
    """Return the spec with exports that may fail, without those left out."""
    exports = tuple(
        entry
        if entry.type == "inline"
        else replaced(entry, attributes={**entry.attributes, **_IGNORE, **_said(entry)})
        for entry in spec.cache_to
        if entry not in left_out
    )
    return replaced(spec, cache_to=exports)


def _said(entry: CacheEntry) -> dict[str, str]:
    """Return what the user says about errors, which wins."""
    return {key: text for key, text in entry.attributes.items() if key in _IGNORE}


def _unusable(spec: BuildSpec) -> Iterator[tuple[CacheEntry, str]]:
    """Yield the local exports whose folder can't be made or written to, and why."""
    for entry in spec.cache_to:
        if entry.type == "local" and "dest" in entry.attributes:
            folder = _folder(spec, entry)
            try:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - no pathlib on this path
            except OSError as error:
                yield entry, error.strerror or str(error)
            else:
                if not os.access(folder, os.W_OK | os.X_OK):
                    yield entry, "it can't be written to"


def _folder(spec: BuildSpec, entry: CacheEntry) -> str:
    return os.path.join(spec.root, entry.attributes["dest"])  # noqa: PTH118 - may be absolute
