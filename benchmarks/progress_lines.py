"""
How fast BuildKit's progress lines are read, and in how much memory.

The stream is a million lines as buildx 0.29 writes them, most of them logs. Ten thousand different
ones are made before, and read over and over, so that memory is that of the reader alone.
"""

from __future__ import annotations

import json
import platform
import time
import tracemalloc
from base64 import b64encode
from collections import deque
from typing import TYPE_CHECKING

from benchmarks.measuring import Row
from stagebuild.progress.rawjson import read_events
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stagebuild.progress.events import Event

LINES = 1_000_000
_DIFFERENT = 10_000
_PER_CHUNK = 200  # about what a pipe of 64 KiB holds
_LINES_PER_S = 50_000
_MEMORY_MB = 100


def rows(_peers: object) -> Iterator[Row]:
    """Yield the figures of the reader, and of the reader with what adds its events up."""
    chunks = list(_chunks())
    yield _speed("progress lines read", chunks, _forget)
    yield _speed("progress lines read into a timeline", chunks, _add_up)
    memory_mb = _peak_mb(chunks)
    yield Row(
        name="memory for reading progress lines into a timeline",
        unit="MB",
        ours=memory_mb,
        target=f"<= {_MEMORY_MB}",
        met=memory_mb <= _MEMORY_MB,
        versions=_versions(),
    )


def measure() -> dict[str, float]:
    """Return the figures by name."""
    return {row.name: row.ours for row in rows(None)}


def _speed(name: str, chunks: list[bytes], consume: Callable[[Iterable[Event]], None]) -> Row:
    """Measure in processor time: the reader waits for nothing, and other programs don't count."""
    started_s = time.process_time()
    consume(read_events(_repeated(chunks, LINES)))
    per_s = LINES / (time.process_time() - started_s)
    return Row(
        name=name,
        unit="lines/s",
        ours=per_s,
        target=f">= {_LINES_PER_S}",
        met=per_s >= _LINES_PER_S,
        versions=_versions(),
    )


def _peak_mb(chunks: list[bytes]) -> float:
    """Return the peak of what was allocated while reading, in MB, of a tenth of the lines."""
    tracemalloc.start()
    _add_up(read_events(_repeated(chunks, LINES // 10)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def _forget(events: Iterable[Event]) -> None:
    deque(events, maxlen=0)


def _add_up(events: Iterable[Event]) -> None:
    builder = TimelineBuilder()
    for event in events:
        builder.add(event)
    builder.build(wall_s=0.0)


def _repeated(chunks: list[bytes], lines: int) -> Iterator[bytes]:
    for _ in range(lines // _DIFFERENT):
        yield from chunks


def _chunks() -> Iterator[bytes]:
    for first in range(0, _DIFFERENT, _PER_CHUNK):
        yield b"".join(_line(number) for number in range(first, first + _PER_CHUNK))


def _line(number: int) -> bytes:
    """Return a status: of a hundred, two are of a vertex, five of a transfer, the rest logs."""
    vertex = f"sha256:{number % 97:064x}"
    at = f"2026-08-21T15:29:{number // 200:02d}.{number % 200 * 4_999_999:09d}Z"
    status: dict[str, object]
    if number % 50 == 0:
        name = f"[builder {number % 17 + 1:2}/17] RUN make step-{number % 97}"
        entry = {"digest": vertex, "inputs": [f"sha256:{1:064x}"], "name": name, "started": at}
        status = {"vertexes": [entry]}
    elif number % 20 == 1:
        part = {"id": "transferring context:", "vertex": vertex, "name": "transferring"}
        status = {"statuses": [{**part, "current": number, "timestamp": at, "started": at}]}
    else:
        data = b64encode(b"%d compiling module %d of the application\n" % (number, number)).decode()
        status = {"logs": [{"vertex": vertex, "stream": 1, "data": data, "timestamp": at}]}
    return json.dumps(status, separators=(",", ":")).encode() + b"\n"


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
