"""One vertex while it is observed, and what was observed of it in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.progress.logs import LogTail
from stagebuild.progress.vertexnames import VertexName, parse_vertex_name
from stagebuild.timeline.intervals import merged, since
from stagebuild.timeline.values import Interval
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.progress.events import LogChunk, StatusUpdate, VertexUpdate

_CANCELED = "context canceled"
_PULLED = ("sha256:", "extracting ", "pulling ")
_MAX_RUNS = 64
_MAX_PARTS = 512


@frozen
class Part:
    """
    A part of a vertex' work that BuildKit reports on.

    Attributes:
        id: As ``pushing layers`` or ``transferring context:``.
        interval: When it was done, or None when it never started.
        size_bytes: Units done, bytes for transfers.
    """

    id: str
    interval: Interval | None
    size_bytes: int


@frozen
class ObservedVertex:
    """
    A vertex after the end of the stream.

    Attributes:
        digest: Identifies it within its build.
        name: As BuildKit prints it.
        parsed: What the name says.
        inputs: Digests of the vertices that it waited for.
        intervals: Merged; empty when it never started.
        cached: Whether its result came from the cache and nothing ran.
        error: Why it failed, or the empty string, also when it was only canceled.
        canceled: Whether it stopped because the build did.
        log_bytes: What it printed, in bytes.
        parts: In order of appearance.
    """

    digest: str
    name: str
    parsed: VertexName
    inputs: tuple[str, ...]
    intervals: tuple[Interval, ...]
    cached: bool
    error: str
    canceled: bool
    log_bytes: int
    parts: tuple[Part, ...]


class VertexRecord:
    """
    A vertex as it is observed: what a later update replaces, and what adds up.

    Memory is bounded by what one vertex is, not by how often it is heard of.
    """

    __slots__ = (
        "_closed",
        "_parts",
        "_runs",
        "digest",
        "ever_cached",
        "ever_ran",
        "inputs",
        "last_error",
        "name",
        "parsed",
        "tail",
    )

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.name = ""
        self.parsed = parse_vertex_name("")
        self.inputs: tuple[str, ...] = ()
        self.ever_cached = False
        self.ever_ran = False
        self.last_error = ""
        self.tail = LogTail()
        self._runs: dict[float, float | None] = {}
        self._closed: tuple[Interval, ...] = ()
        self._parts: dict[str, StatusUpdate] = {}

    @property
    def real_error(self) -> str:
        """Why it failed; the empty string when it did not, or was only canceled."""
        return "" if self.last_error.endswith(_CANCELED) else self.last_error

    @property
    def first_start_s(self) -> float | None:
        """When it first started, or None."""
        starts = [*self._runs, *(interval.start_s for interval in self._closed[:1])]
        return min(starts, default=None)

    def update(self, event: VertexUpdate) -> None:
        """
        Take over what ``event`` says.

        A vertex starts again for every cache lookup, load and run, and an update repeats the
        start of the run that it is about: so runs are told apart by their start. Where its result
        is only fetched, as a layer that a registry's cache has, the engine leaves its inputs out.
        Source: moby/buildkit util/progress/controller/controller.go.
        """
        if event.name and event.name != self.name:
            self.name = event.name
            self.parsed = parse_vertex_name(event.name)
        if event.inputs:
            self.inputs = event.inputs
        if event.cached:
            self.ever_cached = True
        if event.started_s is None:
            if event.error:
                self.last_error = event.error
            return
        self.last_error = event.error
        if event.inputs and not event.cached:
            self.ever_ran = True
        self._runs[event.started_s] = event.completed_s
        if event.completed_s is not None and not event.error:
            self.tail.clear()
        if len(self._runs) > _MAX_RUNS:
            self._close_runs()

    def add_part(self, event: StatusUpdate) -> None:
        """Take over the progress of a part; its last word counts."""
        if event.id in self._parts or len(self._parts) < _MAX_PARTS:
            self._parts[event.id] = event

    def add_log(self, event: LogChunk) -> None:
        """Take what it printed."""
        self.tail.add(event.stream, event.data)

    def observed(self, last_seen_s: float, *, began_s: float = 0.0) -> ObservedVertex:
        """
        Return what is known at the end; what has not ended by then ends at ``last_seen_s``.

        Args:
            last_seen_s: The last moment that the stream told of.
            began_s: When the build began. A vertex that it shares with another running build comes
                with what that build waited for, too; none of it before ``began_s`` is this one's.
        """
        open_runs = [_closed(start_s, end_s, last_seen_s) for start_s, end_s in self._runs.items()]
        runs = merged([*self._closed, *open_runs])
        return ObservedVertex(
            digest=self.digest,
            name=self.name,
            parsed=self.parsed,
            inputs=self.inputs,
            intervals=since(began_s, runs),
            cached=self._cached() or (self.last_error == "" and _is_over(runs, began_s)),
            error=self.real_error,
            canceled=self.last_error != "" and self.real_error == "",
            log_bytes=self.tail.size_bytes,
            parts=tuple([_part(event, last_seen_s, began_s) for event in self._parts.values()]),
        )

    def _cached(self) -> bool:
        """
        Return whether it was ever found in the cache, and nothing ran.

        A source (an image, a context) shows its lookup as a run, so for it the engine's word is
        enough; a base image that was only looked up, with nothing transferred, needs not even
        that, since the engine says it in some builds and leaves it out in others.
        """
        if self.last_error or not (self._runs or self._closed):
            return False
        if self.inputs:
            return self.ever_cached and not self.ever_ran
        is_base = self.parsed.kind == "step" and self.parsed.command.startswith("FROM ")
        return (self.ever_cached or is_base) and not self._transferred()

    def _transferred(self) -> bool:
        return any(identifier.startswith(_PULLED) for identifier in self._parts)

    def _close_runs(self) -> None:
        """Merge the runs that ended, so that no number of restarts fills the memory."""
        ended = [
            Interval(start_s, max(start_s, end_s))
            for start_s, end_s in self._runs.items()
            if end_s is not None
        ]
        self._closed = merged([*self._closed, *ended])
        still_open = [start_s for start_s, end_s in self._runs.items() if end_s is None]
        self._runs = dict.fromkeys(still_open[-_MAX_RUNS // 2 :])


def _closed(start_s: float, end_s: float | None, last_seen_s: float) -> Interval:
    return Interval(start_s, max(start_s, last_seen_s if end_s is None else end_s))


def _is_over(runs: Sequence[Interval], began_s: float) -> bool:
    """Return whether all was done before the build began, by another one that ran already."""
    return bool(runs) and runs[-1].end_s < began_s


def _part(event: StatusUpdate, last_seen_s: float, began_s: float) -> Part:
    interval = None
    if event.started_s is not None:
        whole = _closed(event.started_s, event.completed_s, last_seen_s)
        (interval,) = since(began_s, (whole,))
    return Part(id=event.id, interval=interval, size_bytes=event.current)
