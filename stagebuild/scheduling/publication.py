"""
The events of the solve that publishes, as a part of a build whose steps have been told already.

It runs through every step again, finds each in the cache, and would count them twice. So only what
belongs to publishing is passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.progress.events import (
    AttemptFailed,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
)
from stagebuild.progress.vertexnames import WAITING_FOR_GATES, parse_vertex_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import Emit
    from stagebuild.progress.events import Event

_PUBLISHING = frozenset({"attestation", "cache export", "export", "push"})
_CANCELED = "context canceled"


class PublicationEvents:
    """
    Passes on what belongs to publishing, and watches that no step runs anew.

    Args:
        emit: Gets the events.
        built_s: When everything was built, by the engine's clock. Of a vertex that another running
            build shares, the engine tells what it did before, too; that is no second run.
        ran_again: Called with the name of a step that was not found in the cache.
        begin: Called with the engine's time when the solve began, before its first event.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        built_s: float,
        ran_again: Callable[[str], None],
        begin: Callable[[float], None],
    ) -> None:
        self._emit = emit
        self._built_s = built_s
        self._ran_again = ran_again
        self._begin = begin
        self._begun = False
        self._doubtful: VertexUpdate | None = None
        self._told: set[str] = set()

    def take(self, event: Event) -> None:
        """Take one event."""
        self._settle(event)
        match event:
            case VertexUpdate():
                self._take_vertex(event)
            case StatusUpdate(vertex=vertex) | LogChunk(vertex=vertex):
                if vertex in self._told:
                    self._emit(event)
            case PlainLine():
                self._emit(event)
            case AttemptFailed():
                self._told.clear()
                self._emit(event)
            case _:
                pass  # warnings about the Dockerfile were raised before

    def _take_vertex(self, event: VertexUpdate) -> None:
        parsed = parse_vertex_name(event.name)
        if event.started_s is not None and event.started_s > self._built_s:
            if not self._begun:
                self._begun = True
                self._begin(event.started_s)
            if parsed.kind == "step" and event.inputs and not event.cached:
                self._suspect(event, copies=parsed.command.startswith(("COPY ", "ADD ")))
        is_error = event.error and not _is_canceled(event)
        if parsed.kind in _PUBLISHING or is_error:
            self._told.add(event.digest)
            self._emit(event)

    def _suspect(self, event: VertexUpdate, *, copies: bool) -> None:
        """
        Tell that a step runs, unless all that it did was to be broken off.

        A COPY whose files are still added up when a step after it is found in the cache is told as
        begun and canceled, at one moment, and mostly in one event (``timeline.overtaken``).
        """
        if copies and event.completed_s is None:
            self._doubtful = event
        elif not _is_canceled(event):
            self._ran_again(event.name)

    def _settle(self, event: Event) -> None:
        """Tell of a COPY that has begun, now that the next event does not take that back."""
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is None:
            return
        match event:
            case VertexUpdate(digest=doubtful.digest) if _is_canceled(event):
                pass
            case _:
                self._ran_again(doubtful.name)


def _is_canceled(event: VertexUpdate) -> bool:
    return event.error.endswith(_CANCELED)


def judging(start_s: float, end_s: float) -> VertexUpdate:
    """Return an event for the time in which an image was read for its budget; likewise."""
    name = "reading the image for its budget"
    return VertexUpdate(digest=name, name=name, started_s=start_s, completed_s=end_s)


def waiting(gates: tuple[str, ...], start_s: float, end_s: float) -> VertexUpdate:
    """
    Return an event for the time in which a build waited for its gates.

    It is no vertex of the engine's; it makes the timeline add up.
    """
    name = WAITING_FOR_GATES + ", ".join(gates)
    return VertexUpdate(digest=name, name=name, started_s=start_s, completed_s=end_s)
