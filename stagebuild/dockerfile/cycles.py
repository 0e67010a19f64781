"""
Circles of COPY --from and mounts, which BuildKit refuses whatever the target.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/validations.go,
validateCircularDependency: FROM can't take part, since it only looks back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.stages import Edge, EdgeKind, StageSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def find_circle(edges: Mapping[int, Sequence[Edge]]) -> tuple[Edge, ...]:
    """
    Return the edges of one circle, in order, or nothing.

    Args:
        edges: Those of each stage, by index.
    """
    finished: set[int] = set()
    for stage in edges:
        circle = _visit(stage, edges, finished)
        if circle:
            return circle
    return ()


def _visit(start: int, edges: Mapping[int, Sequence[Edge]], finished: set[int]) -> tuple[Edge, ...]:
    """Walk depth first, without recursion: there may be thousands of stages."""
    path: list[Edge] = []
    entered = [start]
    pending = [_followed(edges[start])]
    while pending:
        if not pending[-1]:
            pending.pop()
            finished.add(entered.pop())
            if path:
                path.pop()
            continue
        edge, index = pending[-1].pop()
        if index in entered:
            return (*path[entered.index(index) :], edge)
        if index not in finished:
            path.append(edge)
            entered.append(index)
            pending.append(_followed(edges[index]))
    return ()


def _followed(edges: Sequence[Edge]) -> list[tuple[Edge, int]]:
    return [
        (edge, edge.source.index)
        for edge in reversed(edges)
        if isinstance(edge.source, StageSource) and edge.kind is not EdgeKind.BASE
    ]
