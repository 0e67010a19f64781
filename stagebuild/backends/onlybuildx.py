"""
What keeps a run with buildx: builders that are buildx's own, and what nothing else here does.

Everything else the SDK backend builds as well, to the same image and in less time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.planning.spec import BuildSpec

_ENGINE_ITSELF = (None, "", "default")
# They change what is made or where it goes, and buildx alone reads them.
_VARIABLES = (
    "STAGEBUILD_BUILDX",
    "BUILDX_DEFAULT_POLICY",
    "BUILDX_GIT_CHECK_DIRTY",
    "BUILDX_GIT_INFO",
    "BUILDX_GIT_LABELS",
    "BUILDX_NO_DEFAULT_LOAD",
)
_STDOUT = "-"


def reason_for_buildx(specs: Sequence[BuildSpec], environ: Mapping[str, str]) -> str | None:
    """
    Return why a run is buildx's, as half a sentence, or None if it need not be.

    Looks at buildx's own files, for the builder that ``docker buildx use`` selected.

    Args:
        specs: What is to be built.
        environ: Where buildx finds its configuration.
    """
    for name in _VARIABLES:
        if environ.get(name):
            return f"{name} is set"
    for spec in specs:
        if spec.builder not in _ENGINE_ITSELF and "://" not in str(spec.builder):
            return f"{spec.name} names the builder {spec.builder}"
        if any(output.dest == _STDOUT for output in spec.outputs):
            return f"{spec.name} has an output that goes to stdout"
    if specs and all(spec.builder for spec in specs):
        return None  # addresses, or the engine by its name
    named = environ.get("BUILDX_BUILDER")
    if named not in _ENGINE_ITSELF:
        return f"BUILDX_BUILDER names the builder {named}"
    used = None if named else _used_builder(environ)
    return f"`docker buildx use` selected the builder {used}" if used else None


def _used_builder(environ: Mapping[str, str]) -> str | None:
    """
    Return a builder that ``docker buildx use`` selected for some engine, if it is still there.

    Source: docker/buildx store/store.go (Current, SetCurrent).
    """
    from stagebuild.backends.buildx.discovery import builders_folder  # noqa: PLC0415 - files above

    folder = builders_folder(environ)
    names = [_name_in(_content(f"{folder}/current"))]
    with suppress(OSError):
        chosen = os.listdir(f"{folder}/defaults")  # noqa: PTH208 - pathlib is not loaded here
        names += [_content(f"{folder}/defaults/{engine}") for engine in chosen]
    there = (name for name in names if name and os.path.exists(f"{folder}/instances/{name}"))  # noqa: PTH110
    return next(there, None)


def _name_in(text: str) -> str:
    import json  # noqa: PLC0415 - off the path of a build whose backend is named

    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("Name") or "") if isinstance(found, dict) else ""


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib here
            return file.read().strip()
    except OSError:
        return ""
