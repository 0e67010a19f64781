"""Lookups that the engine broke off, since a step further on was in the cache already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.timeline.vertices import ObservedVertex


def with_overtaken_cached(vertices: Sequence[ObservedVertex]) -> list[ObservedVertex]:
    """
    Return the vertices, those as cached that were canceled for a cached one that comes of them.

    While the engine adds up the files of a COPY, it also asks the caches for what comes after. When
    that is found first, the COPY is not needed any more, and told as canceled in a build that
    succeeds. Nothing of it ran, so it came with what was found.

    Source: moby/buildkit solver/jobs.go, CalcSlowCache.
    """
    if not any(vertex.canceled for vertex in vertices):
        return list(vertices)
    by_digest = {vertex.digest: vertex for vertex in vertices}
    overtaken: set[str] = set()
    pending = [digest for vertex in vertices if vertex.cached for digest in vertex.inputs]
    while pending:
        vertex = by_digest.get(pending.pop())
        if vertex is not None and vertex.canceled and vertex.digest not in overtaken:
            overtaken.add(vertex.digest)
            pending += vertex.inputs
    return [
        replaced(vertex, cached=True, canceled=False) if vertex.digest in overtaken else vertex
        for vertex in vertices
    ]
