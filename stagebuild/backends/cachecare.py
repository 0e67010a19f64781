"""
A backend around another one, that keeps caches from doing harm, and calls them by their names.

An export may fail without failing the build (``ignore-error``, BuildKit 0.11 and later; older ones
pass over it); a local folder that can't be written is left out; one whose index is damaged is not
imported from, and begun anew; and after a build, what nothing in a local cache refers to any more
goes, since BuildKit only ever adds to one.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from stagebuild.progress.events import VertexUpdate, WarningRaised
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.model import CacheEntry, ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

_OF_CACHES = ("importing cache manifest from ", "exporting cache to ")
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

    @contextlib.contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """Give a backend for the builds of one run."""
        with self._backend.together(specs) as backend:
            yield CacheCaringBackend(backend)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """Build ``spec`` as every backend does."""
        if not spec.cache_to and not spec.cache_from:
            return self._backend.build(spec, emit, cancel)
        damaged = list(_damaged(spec))
        for entry, why in damaged:
            emit(_warning(f"no cache is imported from {entry.attributes['src']}: {why}"))
        unusable = list(_unusable(spec))
        for entry, why in unusable:
            emit(_warning(f"no cache is exported to {entry.attributes['dest']}: {why}"))
        careful = _careful(spec, [entry for entry, _ in (*damaged, *unusable)])
        response = self._backend.build(careful, _Naming(careful, emit), cancel)
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


class _Naming:
    """Hands events on, those of caches under the caches' own names."""

    __slots__ = ("_emit", "_spec")

    def __init__(self, spec: BuildSpec, emit: Emit) -> None:
        self._spec = spec
        self._emit = emit

    def __call__(self, event: Event) -> None:
        if isinstance(event, VertexUpdate) and event.name.startswith(_OF_CACHES):
            from stagebuild.backends.cachenames import named  # noqa: PLC0415 - only with caches

            event = named(event, self._spec)
        self._emit(event)


def _warning(words: str) -> WarningRaised:
    return WarningRaised(vertex="", short=words)


def _careful(spec: BuildSpec, left_out: list[CacheEntry]) -> BuildSpec:
    """Return the spec with exports that may fail, without the caches left out."""
    exports = tuple(
        entry
        if entry.type == "inline"
        else replaced(entry, attributes={**entry.attributes, **_IGNORE, **_said(entry)})
        for entry in spec.cache_to
        if entry not in left_out
    )
    imports = tuple(entry for entry in spec.cache_from if entry not in left_out)
    return replaced(spec, cache_to=exports, cache_from=imports)


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
                else:
                    _set_aside(folder)


def _damaged(spec: BuildSpec) -> Iterator[tuple[CacheEntry, str]]:
    """Yield the local imports whose index is there and can't be read, and why."""
    for entry in spec.cache_from:
        if entry.type == "local" and "src" in entry.attributes:
            why = _trouble_of_index(_folder(spec, entry))
            if why is not None:
                yield entry, why


def _set_aside(folder: str) -> None:
    """Let an export begin anew where the index is damaged; it would fail the build otherwise."""
    if _trouble_of_index(folder) is not None:
        path = f"{folder}/index.json"
        with contextlib.suppress(OSError):
            os.replace(path, f"{path}.damaged")  # noqa: PTH105 - see above


def _trouble_of_index(folder: str) -> str | None:
    """Return why the index of a local cache can't be read; None when it can, or there is none."""
    import json  # noqa: PLC0415 - local caches are rare

    try:
        with open(f"{folder}/index.json", "rb") as file:  # noqa: PTH123 - see above
            index = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return f"its index is damaged ({error})"
    return None if isinstance(index, dict) else "its index is damaged"


def _folder(spec: BuildSpec, entry: CacheEntry) -> str:
    place = entry.attributes.get("dest") or entry.attributes["src"]
    return os.path.join(spec.root, place)  # noqa: PTH118 - may be absolute
