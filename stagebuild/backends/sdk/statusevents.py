"""BuildKit's status messages as the events that every backend emits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.progress.events import LogChunk, StatusUpdate, VertexUpdate, WarningRaised

if TYPE_CHECKING:
    from stagebuild.buildkit.messages import (
        StatusResponse,
        Timestamp,
        Vertex,
        VertexLog,
        VertexStatus,
        VertexWarning,
    )
    from stagebuild.progress.events import Event


def events_of(status: StatusResponse) -> list[Event]:
    """Return the events of one message, in the order in which buildx writes them."""
    return [
        *map(_vertex, status.vertexes),
        *map(_status, status.statuses),
        *map(_log, status.logs),
        *map(_warning, status.warnings),
    ]


def _seconds(moment: Timestamp | None) -> float | None:
    return None if moment is None else moment.seconds + moment.nanos / 1e9


def _vertex(vertex: Vertex) -> VertexUpdate:
    return VertexUpdate(
        digest=vertex.digest,
        name=vertex.name,
        inputs=vertex.inputs,
        started_s=_seconds(vertex.started),
        completed_s=_seconds(vertex.completed),
        cached=vertex.cached,
        error=vertex.error,
        progress_group=vertex.progress_group.id if vertex.progress_group else None,
    )


def _status(status: VertexStatus) -> StatusUpdate:
    return StatusUpdate(
        vertex=status.vertex,
        id=status.id,
        current=status.current,
        total=status.total,
        at_s=_seconds(status.timestamp),
        started_s=_seconds(status.started),
        completed_s=_seconds(status.completed),
    )


def _log(log: VertexLog) -> LogChunk:
    return LogChunk(
        vertex=log.vertex, stream=log.stream or 1, data=log.msg, at_s=_seconds(log.timestamp)
    )


def _warning(warning: VertexWarning) -> WarningRaised:
    start = warning.ranges[0].start if warning.ranges else None
    return WarningRaised(
        vertex=warning.vertex,
        short=_words(warning.short),
        detail=tuple(map(_words, warning.detail)),
        url=warning.url or None,
        path=warning.info.filename or None if warning.info else None,
        line=start.line or None if start else None,
    )


def _words(data: bytes) -> str:
    return data.decode("utf-8", "replace")
