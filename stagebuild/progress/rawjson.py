"""
``docker buildx build --progress rawjson`` -> typed events.

The program writes one ``SolveStatus`` a line to stderr and mixes plain lines into it. Buildx 0.13
indents each status over many lines, the first ``{`` and the last ``}``; later ones don't. Nothing
that it writes can make the reader fail:

- a line that is not a JSON object of a status' four keys is a ``PlainLine``, as it stands, and so
  is each line of an indented one;
- an entry of a status without what identifies it, or of the wrong type, is left out; the other
  entries of the status count;
- a field of the wrong type is taken as missing;
- a status above ``MAX_STATUS_BYTES`` is a ``PlainLine`` of its beginning, whatever it was.

Source for the form: moby/buildkit client/graph.go and util/progress/progressui/display.go
(rawJSONDisplay); it is Go's ``encoding/json`` of it, so keys are lower-case, bytes base64 and
times RFC 3339. Both forms are recorded in tests/progress/recorded.
"""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from stagebuild.progress.events import (
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.timestamps import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stagebuild.progress.events import Event

MAX_STATUS_BYTES = 16 * 1024 * 1024
"""The longest text read as a status. BuildKit itself cuts a status at about 1 MB of logs."""

MAX_PLAIN_BYTES = 64 * 1024
"""What is kept of a plain line."""

_raw_decode = json.JSONDecoder().raw_decode


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """
    Yield the events of a stream, in its order.

    Args:
        chunks: The stream's bytes, cut anywhere: what a pipe gives, or a file's lines.

    Memory is bounded by ``MAX_STATUS_BYTES`` and the largest chunk.
    """
    decoder = EventDecoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.close()


class EventDecoder:
    """
    Takes a stream's bytes as they come and gives its events: ``read_events`` for a pushing caller.

    Not for several threads at once.
    """

    __slots__ = (
        "_clock",
        "_indented",
        "_indented_bytes",
        "_max_status_bytes",
        "_overlong",
        "_pending",
        "_pending_bytes",
    )

    def __init__(self, *, max_status_bytes: int = MAX_STATUS_BYTES) -> None:
        self._max_status_bytes = max_status_bytes
        self._clock = Clock()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._overlong = False
        self._indented: list[bytes] = []
        self._indented_bytes = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes; return the events of the lines that they end."""
        first, *rest = chunk.split(b"\n")
        self._keep(first)
        events: list[Event] = []
        if rest:
            self._end_line(events)
            unfinished = rest.pop()
            for line in rest:
                self._decode(line, events)
            self._keep(unfinished)
        return events

    def close(self) -> list[Event]:
        """Return the events of what has no end: a last line, or an indented status."""
        events: list[Event] = []
        if self._pending:
            self._end_line(events)
        self._give_up(events)
        return events

    def _keep(self, part: bytes) -> None:
        """Put a part of an unfinished line aside; forget all but its head once it is overlong."""
        if self._overlong or not part:
            return
        self._pending.append(part)
        self._pending_bytes += len(part)
        if self._pending_bytes > self._max_status_bytes:
            self._overlong = True
            self._pending = [b"".join(self._pending)[: MAX_PLAIN_BYTES + 1]]

    def _end_line(self, events: list[Event]) -> None:
        line = b"".join(self._pending)
        if self._overlong:
            events.append(_plain(line))
        else:
            self._decode(line, events)
        self._pending.clear()
        self._pending_bytes = 0
        self._overlong = False

    def _decode(self, line: bytes, events: list[Event]) -> None:
        if self._indented or line == b"{":
            self._decode_indented(line, events)
            return
        status = _status_object(line) if len(line) <= self._max_status_bytes else None
        if status is None:
            events.append(_plain(line))
        else:
            self._read(status, events)

    def _decode_indented(self, line: bytes, events: list[Event]) -> None:
        if self._indented and not line.startswith((b" ", b"}")):
            self._give_up(events)
            self._decode(line, events)
            return
        self._indented.append(line)
        self._indented_bytes += len(line)
        if line == b"}":
            status = _status_object(b"".join(self._indented))
            if status is None:
                self._give_up(events)
            else:
                self._indented.clear()
                self._indented_bytes = 0
                self._read(status, events)
        elif self._indented_bytes > self._max_status_bytes:
            self._give_up(events)

    def _give_up(self, events: list[Event]) -> None:
        """Take the lines of an indented status for what they look like: plain lines."""
        events.extend([_plain(line) for line in self._indented])
        self._indented.clear()
        self._indented_bytes = 0

    def _read(self, status: dict[str, Any], events: list[Event]) -> None:
        for key, entries in status.items():
            if not isinstance(entries, list):
                continue
            read = _READERS[key]
            for entry in entries:
                event = read(entry, self._clock) if isinstance(entry, dict) else None
                if event is not None:
                    events.append(event)


def _status_object(line: bytes) -> dict[str, Any] | None:
    """Return the status that ``line`` is; None when it is something else."""
    if not line.startswith(b"{"):
        return None
    text = line.decode(errors="replace").rstrip()
    try:
        # raw_decode, since json.loads() first guesses an encoding: half of its time on short lines.
        status, end = _raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return status if end == len(text) and status.keys() <= _READERS.keys() else None


def _plain(line: bytes) -> PlainLine:
    head = line[:MAX_PLAIN_BYTES].removesuffix(b"\r").decode(errors="replace")
    return PlainLine(text=head if len(line) <= MAX_PLAIN_BYTES else head + "…")


def _vertex(entry: dict[str, Any], clock: Clock) -> VertexUpdate | None:
    digest = entry.get("digest")
    if not isinstance(digest, str):
        return None
    group = entry.get("progressGroup")
    return VertexUpdate(
        digest=digest,
        name=_text(entry.get("name")),
        inputs=tuple([item for item in _list(entry.get("inputs")) if isinstance(item, str)]),
        started_s=clock.seconds(entry.get("started")),
        completed_s=clock.seconds(entry.get("completed")),
        cached=entry.get("cached") is True,
        error=_text(entry.get("error")),
        progress_group=_text(group.get("id")) or None if isinstance(group, dict) else None,
    )


def _status(entry: dict[str, Any], clock: Clock) -> StatusUpdate | None:
    vertex, identifier = entry.get("vertex"), entry.get("id")
    if not isinstance(vertex, str) or not isinstance(identifier, str):
        return None
    return StatusUpdate(
        vertex=vertex,
        id=identifier,
        current=_number(entry.get("current")),
        total=_number(entry.get("total")),
        at_s=clock.seconds(entry.get("timestamp")),
        started_s=clock.seconds(entry.get("started")),
        completed_s=clock.seconds(entry.get("completed")),
    )


def _log(entry: dict[str, Any], clock: Clock) -> LogChunk | None:
    vertex, data = entry.get("vertex"), entry.get("data")
    if not isinstance(vertex, str) or not isinstance(data, str):
        return None
    try:
        printed = a2b_base64(data)
    except (Base64Error, ValueError):  # the second for characters beyond ASCII
        return None
    return LogChunk(
        vertex=vertex,
        stream=_number(entry.get("stream")) or 1,
        data=printed,
        at_s=clock.seconds(entry.get("timestamp")),
    )


def _warning(entry: dict[str, Any], _clock: Clock) -> WarningRaised | None:
    vertex, short = _text(entry.get("vertex")), _decoded(entry.get("short"))
    if not short:
        return None
    source = entry.get("sourceInfo")
    ranges = _list(entry.get("range"))
    start = ranges[0].get("start") if ranges and isinstance(ranges[0], dict) else None
    return WarningRaised(
        vertex=vertex,
        short=short,
        detail=tuple([_decoded(item) for item in _list(entry.get("detail"))]),
        url=_text(entry.get("url")) or None,
        path=_text(source.get("filename")) or None if isinstance(source, dict) else None,
        line=_number(start.get("line")) or None if isinstance(start, dict) else None,
    )


_READERS: dict[str, Callable[[dict[str, Any], Clock], Event | None]] = {
    "vertexes": _vertex,
    "statuses": _status,
    "logs": _log,
    "warnings": _warning,
}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _decoded(value: object) -> str:
    try:
        return a2b_base64(_text(value)).decode(errors="replace")
    except (Base64Error, ValueError):
        return ""
