"""
Shows recorded builds again: ``python tools/replay.py --speed 2 [NAME=]FILE…``.

A file holds what ``docker buildx build --progress rawjson`` wrote to stderr, plain or gzipped;
``-`` is stdin, also of a build that is running. Several files are builds of one run, at the same
time. For looking at what people will see, at any speed and window size, without building anything.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.failures import build_failed, warning_of
from stagebuild.planning.spec import BuildSpec
from stagebuild.progress.events import Event, LogChunk, StatusUpdate, VertexUpdate
from stagebuild.progress.rawjson import read_events
from stagebuild.report.text import Look, failure, stage_table
from stagebuild.result import Attempt, BuildResult
from stagebuild.runevents import BuildEnded, BuildStarted, Progressed, RunEnded, RunEvent
from stagebuild.sinks.choice import ProgressMode, choose_progress, open_sink
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def chunks_of(path: str) -> Iterator[bytes]:
    """Yield the stream's lines."""
    if path == "-":
        yield from sys.stdin.buffer
    elif path.endswith(".gz"):
        with gzip.open(path) as packed:
            yield from packed
    else:
        with Path(path).open("rb") as file:
            yield from file


def moment_of(event: Event) -> float | None:
    """Return when the event happened, by the engine's clock."""
    match event:
        case VertexUpdate():
            return event.completed_s or event.started_s
        case StatusUpdate() | LogChunk():
            return event.at_s
        case _:
            return None


def replay(name: str, path: str, speed: float, emit: Callable[[RunEvent], None]) -> BuildEnded:
    """Emit one build and return how it ended."""
    spec = BuildSpec(
        name=name,
        root=Path.cwd(),
        context=".",
        dockerfile="Dockerfile",
        dockerfile_shown="Dockerfile",
        target=None,
    )
    begun_s = time.time()
    emit(BuildStarted(build=name, spec=spec, at_s=begun_s))
    observed = TimelineBuilder()
    reached_s: float | None = None
    for event in read_events(chunks_of(path)):
        moment_s = moment_of(event)
        if moment_s is not None:
            if reached_s is not None and speed and moment_s > reached_s:
                time.sleep((moment_s - reached_s) / speed)
            reached_s = max(reached_s or moment_s, moment_s)
        observed.add(event)
        emit(Progressed(build=name, event=event))
    now_s = time.time()
    timeline = observed.build(wall_s=(now_s - begun_s) * (speed or 1.0))
    if timeline.failure is not None and timeline.failure.kind != "cache import":
        error = build_failed(spec, SolveFailed(timeline.failure.error), timeline)
        ended = BuildEnded(build=name, result=None, error=error, at_s=now_s)
    else:
        result = BuildResult(
            name=name,
            spec=spec,
            digest=None,
            image_id=None,
            is_index=False,
            references={},
            pushed=False,
            timeline=timeline,
            warnings=tuple(warning_of(spec, raised) for raised in timeline.warnings),
            attempts=(Attempt(number=1, wall_s=timeline.wall_s),),
            backend="replay",
        )
        ended = BuildEnded(build=name, result=result, error=None, at_s=now_s)
    emit(ended)
    return ended


def main() -> None:
    """Read the options and replay."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE")
    parser.add_argument("--speed", type=float, default=1.0, help="0 for as fast as it goes")
    parser.add_argument("--progress", type=ProgressMode, default=ProgressMode.AUTO)
    options = parser.parse_args()
    named = [file.rpartition("=") for file in options.files]
    builds = {name or Path(path).name.partition(".")[0]: path for name, _, path in named}

    choice = choose_progress(options.progress, sys.stderr, os.environ)
    look = Look(color=choice.color, glyphs=choice.glyphs)
    lock = threading.Lock()
    ends: list[BuildEnded] = []
    with open_sink(choice, sys.stderr) as sink:

        def emit(event: RunEvent) -> None:
            with lock:
                sink.emit(event)

        def one(name: str, path: str) -> None:
            ends.append(replay(name, path, options.speed, emit))

        threads = [
            threading.Thread(target=one, args=build, daemon=True) for build in builds.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        failed = sum(end.error is not None for end in ends)
        emit(RunEnded(succeeded=len(ends) - failed, failed=failed, at_s=time.time()))
    for end in ends:
        if end.result is not None:
            print(f"\n{stage_table(end.result, look=look)}", file=sys.stderr)
        if end.error is not None:
            print(f"\n{failure(end.error, look=look)}", file=sys.stderr)


if __name__ == "__main__":
    main()
