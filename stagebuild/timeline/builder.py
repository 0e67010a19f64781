"""Events, as they come -> the Timeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from stagebuild.progress.events import (
    AttemptFailed,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.timeline.critical import critical_path
from stagebuild.timeline.overheads import overheads
from stagebuild.timeline.overtaken import with_overtaken_cached
from stagebuild.timeline.stages import only_stage_name, stage_timings, with_own_name
from stagebuild.timeline.values import Failure, Timeline
from stagebuild.timeline.vertices import VertexRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.progress.events import Event

LOG_TAIL_LINES = 50
"""How many of the last lines a ``Failure`` has."""

_MAX_WARNINGS = 1000
_EXIT_CODE = r"exit code: (\d+)"


class TimelineBuilder:
    """
    Takes a build's events and gives its timeline, at the end or at any moment before.

    Memory grows with the vertices of a build, not with its events. Not for several threads at
    once.
    """

    def __init__(self) -> None:
        self._kept: dict[str, VertexRecord] = {}
        self._forget()

    def keep(self) -> None:
        """Let what was told until now outlast an attempt that fails; what follows may not."""
        self._kept = dict(self._vertices)

    @property
    def last_seen_s(self) -> float:
        """The last moment that an event told of, in seconds since the epoch; 0.0 before any."""
        return self._last_seen_s

    def add(self, event: Event) -> None:
        """Take one event; in the order of the stream."""
        match event:
            case LogChunk():
                self._saw(event.at_s)
                self._record(event.vertex).add_log(event)
            case StatusUpdate():
                self._saw(event.at_s)
                self._saw(event.completed_s)
                self._record(event.vertex).add_part(event)
            case VertexUpdate():
                self._saw(event.started_s)
                self._saw(event.completed_s)
                self._update(event)
            case WarningRaised():
                self._warn(event)
            case PlainLine():
                pass
            case AttemptFailed():
                self._forget()
            case _:
                assert_never(event)

    def build(
        self, *, wall_s: float, stage_order: Sequence[str] = (), blamed: str | None = None
    ) -> Timeline:
        """
        Return where the time went until now.

        Args:
            wall_s: From the request to the answer, by the caller's clock.
            stage_order: Names of the Dockerfile's stages in its order, ``stage-N`` for unnamed
                ones. Without it the stages are in order of appearance, and the only stage of a
                file, which BuildKit does not name, is ``stage-0``.
            blamed: Digest of the vertex that the engine's answer blames, or None.
        """
        began_s = self._began_s()
        observed = [
            with_own_name(record.observed(self._last_seen_s, began_s=began_s), stage_order)
            for record in self._vertices.values()
        ]
        vertices = with_overtaken_cached(observed)
        ran = [vertex for vertex in vertices if vertex.intervals]
        started_s = min((vertex.intervals[0].start_s for vertex in ran), default=None)
        completed_s = max((vertex.intervals[-1].end_s for vertex in ran), default=None)
        failure = self.failure(stage_order=stage_order, blamed=blamed)
        covered_s = 0.0 if started_s is None or completed_s is None else completed_s - started_s
        return Timeline(
            started_s=started_s,
            completed_s=completed_s,
            wall_s=wall_s,
            covered_s=covered_s,
            uncovered_s=max(0.0, wall_s - covered_s),
            stages=stage_timings(vertices, stage_order=stage_order),
            overheads=overheads(vertices),
            critical_path=critical_path(
                vertices,
                failed=None if failure is None else failure.vertex,
                only_stage=only_stage_name(stage_order),
            ),
            failure=failure,
            warnings=self.warnings(),
        )

    def failure(
        self, *, stage_order: Sequence[str] = (), blamed: str | None = None
    ) -> Failure | None:
        """
        Return the error that is blamed, else the first real one, or None when no vertex failed.

        What was canceled because something else failed is none, nor is a cache that can't be
        imported, since the build goes on without it. It also goes on without a cache export that
        may fail (``ignore-error=true``), so that counts only when there is nothing else. None is
        also the answer when a build failed outside of every vertex, as for a Dockerfile that
        can't be parsed; the error is then in the stream's plain lines.

        Args:
            stage_order: As for ``build``.
            blamed: As for ``build``; of several that failed at once, only the engine knows.
        """
        failed = [self._vertices[digest] for digest in self._failed]
        fatal = [record for record in failed if record.parsed.kind != "cache import"]
        if not fatal:
            return None
        record = min(
            fatal,
            key=lambda record: (record.digest != blamed, record.parsed.kind == "cache export"),
        )
        parsed = record.parsed
        exit_code = re.search(_EXIT_CODE, record.real_error)
        stage = parsed.stage
        if stage is None and parsed.kind == "step":
            stage = only_stage_name(stage_order)
        return Failure(
            vertex=record.digest,
            name=record.name,
            kind=parsed.kind,
            stage=stage,
            step=parsed.command,
            platform=parsed.platform,
            index=parsed.index,
            error=record.real_error,
            exit_code=int(exit_code[1]) if exit_code else None,
            log_tail=record.tail.lines(LOG_TAIL_LINES),
        )

    def warnings(self) -> tuple[WarningRaised, ...]:
        """
        Return BuildKit's warnings in order, each once.

        The same finding is raised for every platform and by every vertex that reads the
        Dockerfile. Source: docker/buildx util/progress/printer.go, dedupWarnings.
        """
        return tuple(self._warnings)

    def _began_s(self) -> float:
        """
        Return when this build began by the engine's clock, 0.0 when that is not known.

        It reads its Dockerfile first and through its own session, so this vertex, unlike what the
        Dockerfile says, is shared with no build that ran before.
        """
        starts = [
            record.first_start_s
            for record in self._vertices.values()
            if record.parsed.kind == "definition" and record.first_start_s is not None
        ]
        return min(starts, default=0.0)

    def _forget(self) -> None:
        """Begin anew: what an attempt did that failed is no part of the build that succeeds."""
        self._vertices = dict(self._kept)
        self._failed: dict[str, None] = {}  # an ordered set
        if not self._kept:
            self._warnings: dict[WarningRaised, None] = {}
            self._last_seen_s = 0.0

    def _record(self, digest: str) -> VertexRecord:
        record = self._vertices.get(digest)
        if record is None:
            record = self._vertices[digest] = VertexRecord(digest)
        return record

    def _saw(self, at_s: float | None) -> None:
        if at_s is not None and at_s > self._last_seen_s:
            self._last_seen_s = at_s

    def _update(self, event: VertexUpdate) -> None:
        record = self._record(event.digest)
        record.update(event)
        if record.real_error:
            self._failed.setdefault(event.digest)
        else:
            self._failed.pop(event.digest, None)

    def _warn(self, event: WarningRaised) -> None:
        known = WarningRaised(
            vertex="",
            short=event.short,
            detail=event.detail,
            url=event.url,
            path=event.path,
            line=event.line,
        )
        if len(self._warnings) < _MAX_WARNINGS:
            self._warnings.setdefault(known)
