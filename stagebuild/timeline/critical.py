"""
The critical path: at each moment, what the build was waiting for.

It is walked backwards, from the last end: a stretch belongs to the vertex that ran, and before its
start to the vertex whose end released it. That is the last one to end among

- those that it depends on, through any that did not run themselves (cached, or lazily skipped),
- its own earlier run, when it started more than once,
- those that have no edge at all: BuildKit loads the definition and metadata, signs in, and
  imports caches, before and between steps, and says nothing about who waits for it.

A vertex that has no edge itself (an export names no inputs), or none of these before it, was
released by whatever ended last. Time that none of these covers is ``between steps``.

What was canceled released nothing. In a build that failed, the path is that of the vertex that
failed, and the time in which the others stopped comes after it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from stagebuild.timeline.values import BETWEEN_STEPS, PathSegment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stagebuild.timeline.values import Interval
    from stagebuild.timeline.vertices import ObservedVertex

_Run = tuple["Interval", "ObservedVertex"]


def critical_path(
    vertices: Sequence[ObservedVertex], *, failed: str | None, only_stage: str
) -> tuple[PathSegment, ...]:
    """
    Return the stretches of the path from the first start to the last end, without gaps.

    Args:
        vertices: All of the build.
        failed: Digest of the one that made the build fail, or None.
        only_stage: Name of the stage that BuildKit does not name.

    Returns:
        From first to last; empty when nothing started, or nothing took time.
    """
    started = [vertex.intervals for vertex in vertices if vertex.intervals]
    started_s = min((intervals[0].start_s for intervals in started), default=0.0)
    at_s = max((intervals[-1].end_s for intervals in started), default=0.0)
    graph = _Graph(vertices)
    waiting: ObservedVertex | None = None
    run = graph.end_of(failed) or graph.releaser(None, at_s)
    segments: list[PathSegment] = []
    if run is not None and run[0].end_s < at_s:
        segments += _stopping(graph.last_stopped(at_s), run[0].end_s, at_s, only_stage)
        at_s = run[0].end_s
    while at_s > started_s:
        end_s = started_s if run is None else run[0].end_s
        if end_s < at_s:
            segments.append(_gap(end_s, at_s))
        if run is None:
            break
        interval, waiting = run
        segments.append(_segment(waiting, interval.start_s, interval.end_s, only_stage))
        at_s = interval.start_s
        run = graph.releaser(waiting, at_s)
    segments.reverse()
    return tuple(segments)


def _stopping(
    last: _Run | None, start_s: float, end_s: float, only_stage: str
) -> list[PathSegment]:
    """Return the time after the end of the path, latest first: what was still stopping."""
    if last is None or last[0].end_s <= start_s:
        return [_gap(start_s, end_s)]
    interval, vertex = last
    begin_s = max(start_s, interval.start_s)
    found = [_segment(vertex, begin_s, interval.end_s, only_stage)]
    if interval.end_s < end_s:
        found.insert(0, _gap(interval.end_s, end_s))
    if begin_s > start_s:
        found.append(_gap(start_s, begin_s))
    return found


class _Graph:
    """The vertices that ran, by who may have released whom."""

    def __init__(self, vertices: Sequence[ObservedVertex]) -> None:
        self._vertices = {vertex.digest: vertex for vertex in vertices}
        consumed = {digest for vertex in vertices for digest in vertex.inputs}
        alone = [v for v in vertices if not v.inputs and v.digest not in consumed]
        self._alone = {vertex.digest for vertex in alone}
        self._all_runs = _Runs(vertices)
        self._ended_runs = _Runs([vertex for vertex in vertices if not vertex.canceled])
        self._alone_runs = _Runs([vertex for vertex in alone if not vertex.canceled])

    def end_of(self, digest: str | None) -> _Run | None:
        """Return the last run of a vertex, or None."""
        vertex = self._vertices.get(digest) if digest is not None else None
        return None if vertex is None else _last(vertex, float("inf"))

    def last_stopped(self, at_s: float) -> _Run | None:
        """Return the last run to end by ``at_s``, canceled or not."""
        return self._all_runs.last(at_s)

    def releaser(self, waiting: ObservedVertex | None, at_s: float) -> _Run | None:
        """Return the run whose end let ``waiting`` start at ``at_s``, or None."""
        if waiting is None:
            return self._all_runs.last(at_s)
        candidates: list[_Run | None] = []
        if waiting.digest not in self._alone:
            candidates = [_last(vertex, at_s) for vertex in self._dependencies(waiting, at_s)]
            candidates.append(self._alone_runs.last(at_s))
        found = [run for run in candidates if run is not None]
        if not found:
            return self._ended_runs.last(at_s)
        return max(found, key=lambda run: run[0].end_s)

    def _dependencies(self, waiting: ObservedVertex, at_s: float) -> Iterator[ObservedVertex]:
        """Yield ``waiting`` itself and the nearest vertices before it that ran by ``at_s``."""
        yield waiting
        seen: set[str] = set()
        pending = list(waiting.inputs)
        while pending:
            digest = pending.pop()
            vertex = self._vertices.get(digest)
            if vertex is None or digest in seen:
                continue
            seen.add(digest)
            if _last(vertex, at_s) is None:
                pending.extend(vertex.inputs)
            else:
                yield vertex


class _Runs:
    """Runs in order of their end."""

    def __init__(self, vertices: Iterable[ObservedVertex]) -> None:
        runs = [
            (interval, vertex)
            for vertex in vertices
            for interval in vertex.intervals
            if interval.length_s > 0
        ]
        self._runs: list[_Run] = sorted(runs, key=lambda run: run[0].end_s)
        self._ends = [interval.end_s for interval, _ in self._runs]

    def last(self, at_s: float) -> _Run | None:
        """Return the last run that had ended by ``at_s``, or None."""
        count = bisect_right(self._ends, at_s)
        return self._runs[count - 1] if count else None


def _last(vertex: ObservedVertex, at_s: float) -> _Run | None:
    """Return the vertex' last run that had ended by ``at_s``, or None. Lookups have no length."""
    for interval in reversed(vertex.intervals):
        if interval.end_s <= at_s and interval.length_s > 0:
            return interval, vertex
    return None


def _segment(vertex: ObservedVertex, start_s: float, end_s: float, only_stage: str) -> PathSegment:
    stage = vertex.parsed.stage
    if stage is None and vertex.parsed.kind == "step":
        stage = only_stage
    return PathSegment(
        vertex=vertex.digest,
        label=vertex.name,
        stage=stage,
        start_s=start_s,
        end_s=end_s,
    )


def _gap(start_s: float, end_s: float) -> PathSegment:
    return PathSegment(vertex=None, label=BETWEEN_STEPS, stage=None, start_s=start_s, end_s=end_s)
