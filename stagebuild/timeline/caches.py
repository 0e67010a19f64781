"""Overhead rows -> what became of each cache: whether an import was there, an export written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.timeline.values import Overhead

_IMPORTING = "importing cache manifest from "
_NOTHING_THERE = (": not found", "404 Not Found", "manifest unknown", "NoSuchKey", "BlobNotFound")


@frozen
class CacheUse:
    """
    What became of a cache import or export.

    An import that was found is what the engine then looks steps up in, besides its own cache; which
    of the two a cached step came from, it does not tell.

    Attributes:
        direction: ``import`` or ``export``.
        place: Where the cache is, as BuildKit names it; of an export only its kind.
        outcome: ``used``, ``empty`` (an import that nobody has exported yet) or ``failed``.
        busy_s: What it cost, in seconds.
        error: Why it failed, or the empty string.
    """

    direction: Literal["import", "export"]
    place: str
    outcome: Literal["used", "empty", "failed"]
    busy_s: float
    error: str = ""


def cache_uses(overheads: Iterable[Overhead]) -> tuple[CacheUse, ...]:
    """Return what became of each cache of a build, in order of start."""
    return tuple(_use(row) for row in overheads if row.kind in ("cache import", "cache export"))


def _use(row: Overhead) -> CacheUse:
    imports = row.kind == "cache import"
    place = row.label.removeprefix(_IMPORTING) if imports else row.label
    outcome: Literal["used", "empty", "failed"] = "used"
    if row.error:
        missing = imports and row.error.endswith(_NOTHING_THERE)
        outcome = "empty" if missing else "failed"
    return CacheUse(
        direction="import" if imports else "export",
        place=place,
        outcome=outcome,
        busy_s=row.busy_s,
        error="" if outcome == "empty" else row.error,
    )
