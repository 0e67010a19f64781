"""
Places for the nodes of a graph without circles: layers from left to right, few crossings.

The classic way (Sugiyama, Tagawa, Toda, 1981): each node goes into the layer after the last one of
those before it, a line that spans several layers gets a place in each of them, and each layer is
ordered, a few times to and fro, by where its neighbours are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SWEEPS = 8


@frozen
class Layout:
    """
    Where nodes and lines are.

    Attributes:
        layers: Names of nodes by layer, each from top to bottom. What stands for a line that
            passes through is called ``source>target``.
        routes: For each line the names that it passes through, its ends included.
    """

    layers: tuple[tuple[str, ...], ...]
    routes: Mapping[tuple[str, str], tuple[str, ...]]


def layout(nodes: Sequence[str], lines: Sequence[tuple[str, str]]) -> Layout:
    """
    Return the layers of a graph.

    Args:
        nodes: Their names, in the order in which they stand where nothing else decides.
        lines: From and to; one that closes a circle is left out.
    """
    forward = _without_circles(nodes, dict.fromkeys(lines))
    depth = _depths(nodes, forward)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in nodes:
        layers[depth[node]].append(node)
    routes: dict[tuple[str, str], tuple[str, ...]] = {}
    for source, target in forward:
        route = [source]
        for layer in range(depth[source] + 1, depth[target]):
            name = f"{source}>{target}"
            layers[layer].append(name)
            route.append(name)
        routes[source, target] = (*route, target)
    return Layout(layers=_ordered(layers, routes), routes=routes)


def _without_circles(
    nodes: Sequence[str], lines: Mapping[tuple[str, str], None]
) -> list[tuple[str, str]]:
    """Return the lines that can be drawn from left to right."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in lines:
        if source in after and target in after:
            after[source].append(target)
    done: set[str] = set()
    kept: list[tuple[str, str]] = []
    for start in nodes:
        if start in done:
            continue
        path, pending = [start], [iter(after[start])]
        entered = {start}
        while pending:
            target = next(pending[-1], "")
            if not target:
                pending.pop()
                left = path.pop()
                entered.discard(left)
                done.add(left)
            elif target not in entered:
                kept.append((path[-1], target))
                if target not in done:
                    path.append(target)
                    entered.add(target)
                    pending.append(iter(after[target]))
    return sorted(kept, key=list(lines).index)


def _depths(nodes: Sequence[str], lines: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return each node's layer: one more than the deepest before it."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for source, target in lines:
        after[source].append(target)
        waiting[target] += 1
    depth = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waiting[node]]
    for node in ready:
        for target in after[node]:
            depth[target] = max(depth[target], depth[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return _pulled(depth, after, ready)


def _pulled(
    depth: dict[str, int], after: Mapping[str, Sequence[str]], order: Sequence[str]
) -> dict[str, int]:
    """Move what has nothing before it next to what it is for: a short line is read more easily."""
    has_before = {target for targets in after.values() for target in targets}
    for node in reversed(order):
        if node not in has_before and after[node]:
            depth[node] = min(depth[target] for target in after[node]) - 1
    return depth


def _ordered(
    layers: list[list[str]], routes: Mapping[tuple[str, str], tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Return the layers with their nodes ordered by the middle of their neighbours."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for (source, target), route in routes.items():
        del source, target
        for left, right in pairwise(route):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours = before if down else after
        others = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for at in others:
            beside = layers[at - 1 if down else at + 1]
            place = {name: index for index, name in enumerate(beside)}
            own = {name: index for index, name in enumerate(layers[at])}
            layers[at].sort(key=lambda name: _middle(name, neighbours, place, own))
    return tuple(map(tuple, layers))


def _middle(
    name: str,
    neighbours: Mapping[str, Sequence[str]],
    place: Mapping[str, int],
    own: Mapping[str, int],
) -> float:
    places = [place[each] for each in neighbours.get(name, ()) if each in place]
    return sum(places) / len(places) if places else own[name]
