"""
Which caches made a build fail, so that it can go on without them. Pure.

BuildKit goes on by itself when a cache can't be looked up. But it fetches a cached layer only when
a step needs it, long after it has promised that there is one, and then there is no way back: the
build fails (moby/buildkit#2836). The only way on is another attempt that does not look there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.backends.failureclasses import FailureClass
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.model import CacheEntry
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.vertexnames import Kind

# Words of reading a layer, not of writing one, or of looking a base image up.
_FETCHING = r"httpReadSeeker|failed to (?:copy|fetch|unlazy|extract|compute cache key)|unlazy"
_LOCAL_CONTENT = r"content digest sha256:|blob sha256:\w+ not found|\bsha256:\w+: not found|local:"


def without_culprits(
    spec: BuildSpec, cause: FailureClass, words: str, kind: Kind | None
) -> tuple[BuildSpec, tuple[CacheEntry, ...]] | None:
    """
    Return the build without the caches that made it fail, and those; None when none did.

    Args:
        spec: What failed.
        cause: What kind of failure it was.
        words: What was said.
        kind: What the failing vertex was for, or None when no vertex failed.
    """
    exports = _exports(spec, cause, kind)
    imports = _imports(spec, cause, words, kind)
    if not exports and not imports:
        return None
    spared = replaced(
        spec,
        cache_to=tuple(entry for entry in spec.cache_to if entry not in exports),
        cache_from=tuple(entry for entry in spec.cache_from if entry not in imports),
    )
    return spared, (*imports, *exports)


def _exports(spec: BuildSpec, cause: FailureClass, kind: Kind | None) -> tuple[CacheEntry, ...]:
    failed = cause is FailureClass.CACHE and kind in (None, "cache export")
    return tuple(entry for entry in spec.cache_to if entry.type != "inline") if failed else ()


def _imports(
    spec: BuildSpec, cause: FailureClass, words: str, kind: Kind | None
) -> tuple[CacheEntry, ...]:
    if cause in (FailureClass.CANCELED, FailureClass.STEP, FailureClass.DOCKERFILE):
        return ()
    if cause is FailureClass.CACHE and kind != "cache export":
        return spec.cache_from
    if not re.search(_FETCHING, words):
        return ()
    return tuple(entry for entry in spec.cache_from if _is_named(entry, words))


def _is_named(entry: CacheEntry, words: str) -> bool:
    if entry.type == "local":
        return re.search(_LOCAL_CONTENT, words) is not None
    if entry.type != "registry":
        return False
    from stagebuild.model.references import Reference  # noqa: PLC0415 - only once it failed

    try:
        reference = Reference.parse(entry.attributes.get("ref", ""))
    except ValueError:
        return False
    return f"{reference.domain}/v2/{reference.path}/" in words
