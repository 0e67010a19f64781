"""
Observed vertices outside of stages -> overhead rows.

BuildKit pushes an image, and prepares an inline cache, as parts of the vertex that exports it.
Each becomes a row of its own kind, and the export's row keeps the rest, so that no second is in
two rows of one vertex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.timeline.intervals import length_s, merged, span_s, without
from stagebuild.timeline.values import Interval, Overhead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.timeline.vertices import ObservedVertex, Part

_PUSH = "pushing "
_MANIFEST = "pushing manifest for "
_INLINE_CACHE = "preparing layers for inline cache"
_TRANSFERS = ("transferring ", "sha256:")


class _Row:
    """What vertices of one kind and label add up to."""

    __slots__ = ("cached", "error", "intervals", "size_bytes")

    def __init__(self) -> None:
        self.intervals: tuple[Interval, ...] = ()
        self.size_bytes: int | None = None
        self.cached = True
        self.error = ""

    def add(
        self,
        intervals: Iterable[Interval],
        *,
        size_bytes: int | None = None,
        cached: bool = False,
        error: str = "",
    ) -> None:
        self.intervals = merged([*self.intervals, *intervals])
        if size_bytes is not None:
            self.size_bytes = (self.size_bytes or 0) + size_bytes
        self.cached = self.cached and cached
        self.error = self.error or error


def overheads(vertices: Iterable[ObservedVertex]) -> tuple[Overhead, ...]:
    """
    Return a row for each kind and label, in order of start.

    Args:
        vertices: In order of appearance; steps, and what never started, are passed over.
    """
    rows: dict[tuple[str, str], _Row] = {}
    for vertex in vertices:
        if vertex.parsed.kind != "step" and vertex.intervals:
            _add(vertex, rows)
    found = [(key, row) for key, row in rows.items() if row.intervals]
    found.sort(key=lambda item: item[1].intervals[0].start_s)
    return tuple(
        [
            Overhead(
                kind=kind,
                label=label,
                busy_s=length_s(row.intervals),
                span_s=span_s(row.intervals),
                size_bytes=row.size_bytes,
                cached=row.cached,
                error=row.error,
                intervals=row.intervals,
            )
            for (kind, label), row in found
        ]
    )


def _add(vertex: ObservedVertex, rows: dict[tuple[str, str], _Row]) -> None:
    carved: tuple[Interval, ...] = ()
    kind = vertex.parsed.kind
    if kind == "export":
        pushing = _intervals(vertex, _PUSH)
        caching = without(_intervals(vertex, _INLINE_CACHE), pushing)
        carved = merged([*pushing, *caching])
        # An export fails in its last part: while it pushes, if it ever came to that.
        if pushing:
            row = rows.setdefault(("push", _push_label(vertex.parts)), _Row())
            row.add(pushing, error=vertex.error)
        if caching:
            rows.setdefault(("cache export", _INLINE_CACHE), _Row()).add(caching)
    error = "" if carved and kind == "export" and _intervals(vertex, _PUSH) else vertex.error
    rows.setdefault((kind, _label(vertex)), _Row()).add(
        without(vertex.intervals, carved) if carved else vertex.intervals,
        size_bytes=_transferred_bytes(vertex.parts),
        cached=vertex.cached,
        error=error,
    )


def _intervals(vertex: ObservedVertex, beginning: str) -> tuple[Interval, ...]:
    return merged(
        [
            part.interval
            for part in vertex.parts
            if part.interval is not None and part.id.startswith(beginning)
        ]
    )


def _label(vertex: ObservedVertex) -> str:
    return vertex.name.removeprefix("[internal] ")


def _push_label(parts: Iterable[Part]) -> str:
    """Return ``pushing REFERENCE``, digest left out; ``pushing`` before the engine has said it."""
    for part in parts:
        if part.id.startswith(_MANIFEST):
            return _PUSH + part.id.removeprefix(_MANIFEST).partition("@")[0]
    return _PUSH.strip()


def _transferred_bytes(parts: Iterable[Part]) -> int | None:
    sizes = [part.size_bytes for part in parts if part.id.startswith(_TRANSFERS)]
    return sum(sizes) if sizes else None
